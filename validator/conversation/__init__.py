"""Raw row -> sample: turns and media references, by the trainer's own rules."""
