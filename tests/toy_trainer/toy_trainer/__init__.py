"""A trainer of another package: it feeds questions and answers by turns, and keeps the end of what is too long."""
