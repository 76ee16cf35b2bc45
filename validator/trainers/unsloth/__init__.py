"""unsloth 2026.10."""
