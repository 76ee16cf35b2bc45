"""Records that several layers share, and their columns."""
