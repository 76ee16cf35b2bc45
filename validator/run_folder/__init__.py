"""The folder of a run: how it is known, chosen, held by one writer at a time, and cleaned.

Nothing in it that is not ours is touched, and nothing is written or removed through a link.
"""
