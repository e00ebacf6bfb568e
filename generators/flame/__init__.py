"""FLAME's noise (AAAI 2024, arXiv 2301.13779, appendix B): seventeen operators that break formulas as users do."""
