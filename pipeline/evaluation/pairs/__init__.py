"""How much broken code differs from people's: `evaluate pairs`."""
