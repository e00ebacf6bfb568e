"""The grammar that judges PowerShell: tree-sitter-pwsh.

PowerShell's own parser is not to be had where PowerShell is not installed. Of the grammars for tree-sitter this
one agrees best with people's corrections. A snippet is grammatical if its tree holds no ERROR and no MISSING
node.
"""

from __future__ import annotations

from collections.abc import Iterator

import tree_sitter
import tree_sitter_pwsh

from validators.base import ErrorKind, Verdict
from validators.powershell.lexer import TOKEN

GRAMMAR = tree_sitter.Language(tree_sitter_pwsh.language())


def parse(data: bytes) -> tree_sitter.Node | int:
    """The root of the tree of UTF-8 ``data``, or the offset in bytes where the budget of work ran out.

    Error recovery may take time exponential in hostile text. The parser reports its progress at fixed amounts of
    work, on people's code, correct or not, about once every thirty bytes; beyond several times that it is stopped.
    A budget of work, unlike one of time, gives the same verdict on every machine. A parser is made for each call:
    that costs a microsecond, and a shared one is not thread-safe.
    """
    reports, reached, budget = 0, 0, 30 + len(data) // 12

    def progress(offset: int, has_error: bool) -> bool:
        nonlocal reports, reached
        reports, reached = reports + 1, offset
        return reports > budget

    parser = tree_sitter.Parser(GRAMMAR)
    try:
        return parser.parse(lambda offset, point: data[offset:], progress_callback=progress).root_node
    except ValueError:  # how the binding says that the callback stopped the parser
        return reached


def walk(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    """A node and all below it, in the order of the text."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(node.children))


def place(code: str, data: bytes, byte: int) -> int:
    """The offset in ``code`` of the first sign at or after offset ``byte`` of ``data``, its characters in UTF-8."""
    before = len(data[:byte].decode(errors="ignore"))
    return len(code) - len(code[before:].lstrip())


def syntax_error(code: str, data: bytes, root: tree_sitter.Node) -> Verdict | None:
    """The first error of the tree of ``code``, None if there is none.

    The place is where error recovery first skipped or invented something: the mistake itself or a sign beside it.
    """
    if not root.has_error:
        return None
    node = _first_error(root)
    offset = place(code, data, node.start_byte)
    if node.is_missing:
        return Verdict.reject(code, ErrorKind.MISSING_TOKEN, f"{node.type!r} is missing", offset)
    token = TOKEN.match(code, offset)
    found = repr(token.group()[:40]) if token else "end of the code"
    return Verdict.reject(code, ErrorKind.UNEXPECTED_TOKEN, f"unexpected {found}", offset)


def _first_error(node: tree_sitter.Node) -> tree_sitter.Node:
    """The innermost of the first ERROR and MISSING nodes below ``node``; in an ERROR, its first bare token."""
    while child := next((child for child in node.children if child.has_error or child.is_missing), None):
        node = child
    return next((child for child in node.children if not child.is_named), node)
