"""How a run is configured: LLaMA-Factory's training file, DeepSpeed's file, installed versions, the order of rows."""
