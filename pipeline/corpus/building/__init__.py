"""Corpora cut out of files of code, or sampled from a model."""
