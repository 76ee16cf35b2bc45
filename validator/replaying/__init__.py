"""Sends the riskiest samples and matched controls through a real forward and backward pass, and gives each a verdict.

Only the worker process (`worker.py` and what it imports) knows torch; everything else runs without it.
"""
