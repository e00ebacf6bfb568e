"""A grammar of PowerShell for tree-sitter, tree-sitter-pwsh, by which `corpus` cuts files into statements."""

from __future__ import annotations

import tree_sitter
import tree_sitter_pwsh

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
