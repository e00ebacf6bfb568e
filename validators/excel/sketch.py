"""The sketch of a formula: its shape, without its constants (paper, section 4.1)."""

from __future__ import annotations

from validators.excel.lexer import MAX_CHARS, Lexeme, scan

_REFERENCE = "ref"
_TYPES = {
    "string": "str",
    "number": "num",
    "sheet": "sheet!",
    "cell": _REFERENCE,
    "columns": _REFERENCE,
    "rows": _REFERENCE,
    "part": _REFERENCE,
}


def sketch(code: str) -> str:
    """``=SUM(A1:A10)/COUNT(B:B)*2`` gives ``=SUM(:)/COUNT(:)*num``; any text has a sketch.

    Types are in small letters and everything else in capitals, so that the two cannot be confused. The ends of a range
    leave their colon alone; a single reference is ``ref``. White space is dropped.
    """
    lexemes = [lexeme for lexeme in scan(code) if lexeme.group != "space"]
    parts: list[str] = []
    for index, lexeme in enumerate(lexemes):
        kind = _TYPES.get(lexeme.group)
        if kind == _REFERENCE and _ends_range(lexemes, index):
            continue
        parts.append(kind or lexeme.text.upper())
    return "".join(parts) + code[MAX_CHARS:]


def _ends_range(lexemes: list[Lexeme], index: int) -> bool:
    before = index - 2 if lexemes[index - 1].group == "sheet" else index - 1
    return any(0 <= side < len(lexemes) and _is_colon(lexemes[side]) for side in (before, index + 1))


def _is_colon(lexeme: Lexeme) -> bool:
    return lexeme.group == "operator" and ":" in lexeme.text
