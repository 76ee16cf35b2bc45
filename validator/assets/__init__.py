"""Data shipped with the package: the Qwen2-VL vocabulary (see NOTICE for its licence)."""
