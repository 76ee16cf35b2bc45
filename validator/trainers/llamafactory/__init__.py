"""LLaMA-Factory 0.9.1 to 0.9.5."""
