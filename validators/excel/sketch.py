"""The sketch of a formula: its shape, without its constants (paper, section 4.1)."""

from __future__ import annotations

from validators.excel.lexer import MAX_CHARS, Lexeme, scan

_REFERENCES = frozenset(("cell", "columns", "rows", "part"))
_TYPES = {"string": "str", "number": "num", "sheet": "sheet!", "cell": "ref", "columns": "ref", "rows": "ref", "part": "ref"}


def sketch(code: str) -> str:
    """``=SUM(A1:A10)/COUNT(B:B)*2`` gives ``=SUM(:)/COUNT(:)*num``.

    Types are in small letters, everything else in capitals, so that the two cannot be confused. The ends of a range leave
    its colon alone; a single reference is ``ref``. White space is dropped. Any text has a sketch.
    """
    lexemes = [lexeme for lexeme in scan(code) if lexeme.group != "space"]
    parts = []
    for index, lexeme in enumerate(lexemes):
        if lexeme.group in _REFERENCES and _beside_colon(lexemes, index):
            continue
        parts.append(_TYPES.get(lexeme.group) or lexeme.text.upper())
    return "".join(parts) + code[MAX_CHARS:]


def _beside_colon(lexemes: list[Lexeme], index: int) -> bool:
    return (index > 0 and lexemes[index - 1].text == ":") or (index + 1 < len(lexemes) and lexemes[index + 1].text == ":")
