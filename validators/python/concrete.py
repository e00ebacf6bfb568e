"""LibCST behind limits.

LibCST keeps comments and white space in its tree, which operators that edit source text want; but deep
nesting overflows its native stack and long operator chains hang it. Whatever `Python.check` accepts is
shallow enough for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from validators.base import ErrorKind, Verdict
from validators.python.language import LANGUAGE

if TYPE_CHECKING:
    import libcst


def parse_cst(code: str) -> libcst.Module | Verdict:
    """The concrete syntax tree of ``code``, or the verdict that refuses it. Never raises.

    A snippet that CPython accepts and LibCST does not (its grammar trails CPython's) is refused as OTHER.
    """
    import libcst  # slow to import, and most users of this package never ask for a tree

    verdict = LANGUAGE.check(code)
    if not verdict.accepted:
        return verdict
    try:
        return libcst.parse_module(code)
    except libcst.ParserSyntaxError as error:
        return Verdict.reject(code, ErrorKind.OTHER, f"LibCST cannot parse it: {error.message}", 0)
