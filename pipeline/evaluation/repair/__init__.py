"""How well systems repair benchmarks: `evaluate repair` and `ablate`."""
