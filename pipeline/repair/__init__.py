"""Repairs of code that a language rejects, for users."""
