"""Predicts a finished run under other limits: counts for pairs of cutoff and pixel limit, from stored facts."""
