"""What data files are, from some of their rows: the entry of dataset_info.json for them, and what of it is unsure."""
