"""Benchmarks of broken code: their formats, and how data is kept free of them."""
