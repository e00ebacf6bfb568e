"""How results look: text for terminals, tables, plots."""
