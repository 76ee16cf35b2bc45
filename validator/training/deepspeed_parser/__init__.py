"""What transformers, accelerate and DeepSpeed's own parser say of a DeepSpeed configuration, by release."""
