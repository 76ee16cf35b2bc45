"""mmvalidate: finds the rows that break multimodal fine-tuning before the GPUs are switched on."""

__version__ = "0.1.0"
