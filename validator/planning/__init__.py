"""What other limits would make of a finished run: counts for pairs of cutoff and pixel limit, from stored facts."""
