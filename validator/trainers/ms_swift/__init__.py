"""ms-swift 4.6."""
