"""dataset_info.json -> entries -> files -> raw rows, read the way the trainer reads them."""
