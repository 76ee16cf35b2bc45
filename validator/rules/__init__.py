"""Rules: pure functions from facts to findings, one per file, their documentation inside."""
