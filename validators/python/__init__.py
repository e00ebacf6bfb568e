"""Python: CPython's own compiler decides, a regular lexer cuts, the token stream gives the sketch."""

from validators.python.concrete import parse_cst
from validators.python.language import LANGUAGE, Python

__all__ = ["LANGUAGE", "Python", "parse_cst"]
