"""LibCST behind limits.

LibCST keeps comments and white space in its tree, which operators that edit source text want; but deep nesting
overflows its native stack or takes it minutes. So CPython judges first, and what it takes must be shallower yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from validators.base import ErrorKind, Verdict
from validators.python.depth import too_deep
from validators.python.language import LANGUAGE

if TYPE_CHECKING:
    import libcst

MAX_DEPTH = 150  # takes LibCST a second at most


def parse_cst(code: str) -> libcst.Module | Verdict:
    """The concrete syntax tree of ``code``, or the verdict that refuses it. Never raises.

    What CPython accepts is refused where it is nested more than `MAX_DEPTH` deep, and where LibCST's grammar trails
    CPython's.
    """
    import libcst  # slow to import, and most users of this package never ask for a tree

    verdict = LANGUAGE.check(code)
    refusal = too_deep(code, MAX_DEPTH) if verdict.accepted else verdict
    if refusal is not None:
        return refusal
    try:
        return libcst.parse_module(code)
    except libcst.ParserSyntaxError as error:
        return Verdict.reject(code, ErrorKind.OTHER, f"LibCST cannot parse it: {error.message}", 0)
