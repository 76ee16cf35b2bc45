"""Runs the path from entries to findings over all rows, and keeps the results in a run folder."""
