"""The words that Python itself gives its programs. Fixed here, and not read off the running interpreter."""

from __future__ import annotations

BUILTINS = frozenset(
    (
        *("abs", "all", "any", "ascii", "bin", "bool", "bytearray", "bytes", "callable", "chr", "classmethod"),
        *("compile", "complex", "delattr", "dict", "dir", "divmod", "enumerate", "eval", "exec", "filter", "float"),
        *("format", "frozenset", "getattr", "globals", "hasattr", "hash", "help", "hex", "id", "input", "int"),
        *("isinstance", "issubclass", "iter", "len", "list", "locals", "map", "max", "memoryview", "min", "next"),
        *("object", "oct", "open", "ord", "pow", "print", "property", "range", "repr", "reversed", "round", "set"),
        *("setattr", "slice", "sorted", "staticmethod", "str", "sum", "super", "tuple", "type", "vars", "zip"),
    )
)
EXCEPTIONS = frozenset(
    (
        *("ArithmeticError", "AssertionError", "AttributeError", "BaseException", "EOFError", "Exception"),
        *("FileExistsError", "FileNotFoundError", "IOError", "ImportError", "IndexError", "KeyError"),
        *("KeyboardInterrupt", "LookupError", "ModuleNotFoundError", "NameError", "NotImplementedError", "OSError"),
        *("OverflowError", "PermissionError", "RecursionError", "RuntimeError", "StopIteration", "SyntaxError"),
        *("SystemExit", "TimeoutError", "TypeError", "UnicodeDecodeError", "ValueError", "ZeroDivisionError"),
    )
)
SOFT_KEYWORDS = frozenset({"_", "case", "match"})  # names to the lexer, grammar to the parser
CONVENTIONS = frozenset({"self", "cls", "__name__", "__main__", "__init__"})  # names that every program means alike
