"""What a model samples: `evaluate samples` and `evaluate trajectory`."""
