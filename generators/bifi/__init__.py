"""BIFI-style pairs (Yasunaga and Liang, ICML 2021): a breaker trained in rounds with a fixer and a critic."""
