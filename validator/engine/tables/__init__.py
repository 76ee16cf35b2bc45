"""Tables of findings and samples as Arrow columns."""
