"""Audits the weights of a checkpoint, streamed from safetensors files with numpy: no torch, little memory."""
