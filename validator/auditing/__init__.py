"""Data, training configuration, checkpoint and logs judged together."""
