"""The sketch of a Python snippet, from its tokens.

Paper, section 4.1: constants are anonymised. The paper does not define a sketch for Python; here strings and
numbers become placeholders, names and operators stay, comments, blank lines, line breaks inside brackets and
the width of indentation go. It is made from tokens rather than from a concrete syntax tree so that a broken
snippet has one too, comparable with that of its fix, and because every kept pair needs one.
"""

from __future__ import annotations

from collections.abc import Iterable

from validators.base import Token, TokenKind

PLACEHOLDERS = {TokenKind.STRING: "<string>", TokenKind.NUMBER: "<number>"}


def sketch(tokens: Iterable[Token]) -> str:
    """One line for each logical line, one space between tokens and one for each level of indentation."""
    lines: list[str] = []
    line: list[str] = []
    widths, width, depth = [0], 0, 0
    for token in tokens:
        match token.kind:
            case TokenKind.SPACE | TokenKind.COMMENT:
                continue
            case TokenKind.INDENT:
                if not line:
                    width = len(token.text.expandtabs())
                continue
            case TokenKind.NEWLINE:
                if line and depth == 0:
                    lines.append(" " * _level(widths, width) + " ".join(line))
                    line = []
                if depth == 0:
                    width = 0
                continue
            case TokenKind.BRACKET:
                depth = depth + 1 if token.text in "([{" else max(0, depth - 1)
        line.append(PLACEHOLDERS.get(token.kind, token.text))
    if line:
        lines.append(" " * _level(widths, width) + " ".join(line))
    return "\n".join(lines)


def _level(widths: list[int], width: int) -> int:
    """The level of a line indented by ``width`` columns; ``widths`` holds the open levels and is updated."""
    while width < widths[-1]:
        widths.pop()
    if width > widths[-1]:
        widths.append(width)
    return len(widths) - 1
