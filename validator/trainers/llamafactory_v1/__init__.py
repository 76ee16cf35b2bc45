"""LLaMA-Factory v1, as its main branch has it (`USE_V1=1`)."""
