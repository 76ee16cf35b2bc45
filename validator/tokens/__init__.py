"""Text -> ids, image size -> tokens, template, truncation and labels: what the trainer feeds the model."""
