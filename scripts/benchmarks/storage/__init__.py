"""What checks cost where each look at a file takes its time: this checkout against another."""
