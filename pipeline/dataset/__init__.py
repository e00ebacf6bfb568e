"""A published dataset: its manifest, its card, its statistics, and how it is published."""
