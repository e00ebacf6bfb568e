"""Between code and the token ids of a model: structure tokens, or lexemes with all literals."""
