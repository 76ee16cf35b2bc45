"""A finished run -> the folder of preprocessed rows that its trainer would have written."""
