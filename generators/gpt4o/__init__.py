"""The GPT-4o baseline: a language model breaks correct snippets, over any OpenAI-compatible server (paper, A.1)."""
