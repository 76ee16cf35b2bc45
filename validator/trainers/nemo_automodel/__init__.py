"""NeMo AutoModel's fine-tuning of vision models, with its datasets in a meta file."""
