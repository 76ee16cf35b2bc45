"""Media references -> probes (what a file is and whether it decodes) and geometry (what the trainer makes of it)."""
