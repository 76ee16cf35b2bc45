"""TRL's SFTTrainer with transformers' own processor."""
