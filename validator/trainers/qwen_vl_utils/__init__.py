"""Qwen's own fine-tuning, with images of qwen-vl-utils."""
