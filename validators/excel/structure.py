"""Excel formulas as structure tokens; for the idea see `validators.structure`.

Kinds of slots: R cell, C column, W row, T sheet (with its workbook, without quotes and exclamation mark), N number but
0, 1 and 2, S body of a string, V name, F function that is no word, P part of a reference (``$B$B``).
"""

from __future__ import annotations

import random
import re
from collections.abc import Container, Mapping, Sequence

from validators.base import Token, TokenKind
from validators.excel.functions import lookup
from validators.excel.lexer import tokens as tokenize
from validators.structure import Bank, Structure, StructureBuilder, fill_slots, slot_kind
from validators.structure import joins as joins  # words alone run together

_CELL = re.compile(r"\$?[A-Za-z]{1,3}\$?\d+")
_COLUMN = re.compile(r"\$?[A-Za-z]{1,3}")
_ROW = re.compile(r"\$?\d+")
_PLAIN_NUMBERS = ("0", "1", "2")
_TOUCHING = frozenset({"#", "."})  # no space beside the signs of A1# and A1:.B9
_DEPTH = 6  # unclosed strings within unclosed strings whose insides are looked at
_SPLIT = re.compile(r"(\$?)([A-Z]+)(\$?)(\d+)")

_ENDS = frozenset({TokenKind.REFERENCE, TokenKind.NAME, TokenKind.NUMBER, TokenKind.STRING})  # of an operand
_OPENS = _ENDS | {TokenKind.FUNCTION, TokenKind.SHEET}

BANK: Bank = {
    "R": (
        *(f"{column}{row}" for row in (2, 1, 3, 5, 10) for column in "ABCDEFGH"),
        *(f"{column}{row}" for row in (4, 6, 8, 12, 20) for column in "ABCD"),
        *(f"${column}${row}" for row in (1, 2, 5) for column in "ABEH"),
    ),
    "C": tuple("ABCDEFGH"),
    "W": tuple(str(row) for row in range(1, 13)),
    "T": ("Sheet1", "Sheet2", "Data", "Sheet3", "Summary", "Report", "Lookup", "Input"),
    "N": ("10", "100", "5", "3", "0.5", "12", "7", "30", "4", "6", "1000", "365", "0.1", "20", "60", "24"),
    "S": ("Yes", "No", "x", "text", "A", "B", "Total", "N/A", "Open", "Done", "Q1", "Red", "Blue", "Male", "High"),
    "V": ("Total", "Amount", "Ratio", "Budget", "List", "Keys", "Cost", "Taxes", "Sales", "Dates", "Names", "Table1"),
    "F": (
        *("SUM", "MAX", "MIN", "AVERAGE", "COUNT", "COUNTA", "PRODUCT", "STDEV", "VARPA", "STDEVPA", "SKEW.P", "MAXA"),
        *("MINA", "AVEDEV", "DEVSQ", "GEOMEAN", "HARMEAN", "KURT", "MULTINOMIAL", "IMSUM", "IMPRODUCT", "LCM", "VARA"),
    ),
    "P": ("$B$B", "A$", "$A$", "$2$C"),
}


def structure(code: str, words: Container[str] | None = None) -> Structure:
    """See `StructureTokens.structure`; ``words`` are functions in capitals."""
    builder = StructureBuilder()
    _add(builder, code, 0, words, 0)
    return builder.build()


def _add(builder: StructureBuilder, code: str, offset: int, words: Container[str] | None, depth: int) -> None:
    tokens = tokenize(code)
    for i, token in enumerate(tokens):
        if token.kind is TokenKind.NAME and _is_spaced_call(tokens, i):
            token = Token(token.text, TokenKind.FUNCTION, token.start)
        if token.kind is not TokenKind.SPACE:
            _add_token(builder, token, offset, words, depth)
        elif 0 < i < len(tokens) - 1 and _joins_operands(tokens[i - 1], tokens[i + 1]):
            builder.add(" ", offset + token.start, offset + token.start + len(token.text))


def _is_spaced_call(tokens: Sequence[Token], index: int) -> bool:
    """Whether this is a function that its bracket follows only after a space: ``SUM (A1)``."""
    behind = [token.text for token in tokens[index + 1 : index + 3]]
    return len(behind) == 2 and behind[0].isspace() and behind[1] == "(" and lookup(tokens[index].text) is not None


def _joins_operands(left: Token, right: Token) -> bool:
    """Whether a space between the two is Excel's intersection, or a separator that was forgotten."""
    if left.kind is TokenKind.NAME and right.text == "(" and lookup(left.text) is not None:
        return False
    return (left.kind in _ENDS or left.text in ")]}#") and (right.kind in _OPENS or right.text in "({[")


def _add_token(builder: StructureBuilder, token: Token, offset: int, words: Container[str] | None, depth: int) -> None:
    text, start = token.text, offset + token.start
    end = start + len(text)
    match token.kind:
        case TokenKind.REFERENCE:
            builder.add_slot(_kind_of(text), text, start)
        case TokenKind.SHEET:
            _add_sheet(builder, text, start)
        case TokenKind.NUMBER if text not in _PLAIN_NUMBERS:
            builder.add_slot("N", text, start)
        case TokenKind.STRING:
            _add_string(builder, text, start, words, depth)
        case TokenKind.NAME if text.upper() not in ("TRUE", "FALSE"):
            builder.add_slot("V", text, start)
        case TokenKind.FUNCTION if words is not None and text.upper() not in words:
            builder.add_slot("F", text, start)
        case TokenKind.OPERATOR:
            builder.add_characters(text, start)
        case _:
            builder.add(text.upper(), start, end)


def _kind_of(reference: str) -> str:
    for kind, pattern in (("R", _CELL), ("C", _COLUMN), ("W", _ROW)):
        if pattern.fullmatch(reference):
            return kind
    return "P"


def _add_sheet(builder: StructureBuilder, text: str, start: int) -> None:
    """A prefix with its exclamation mark; the quotes around it are tokens."""
    name, end = text[:-1], start + len(text)
    quoted = len(name) > 2 and name[0] == name[-1] == "'"
    if quoted:
        builder.add("'", start, start + 1)
        builder.add_slot("T", name[1:-1], start + 1)
        builder.add("'", end - 2, end - 1)
    else:
        builder.add_slot("T", name, start)
    builder.add("!", end - 1, end)


def _add_string(builder: StructureBuilder, text: str, start: int, words: Container[str] | None, depth: int) -> None:
    """A string's quotes and its body; where the second quote is missing, the tokens behind the first."""
    builder.add('"', start, start + 1)
    body = text[1:]
    if (len(body) - len(body.rstrip('"'))) % 2:  # else the last quote is half of a doubled one
        if len(body) > 1:
            builder.add_slot("S", body[:-1], start + 1)
        builder.add('"', start + len(text) - 1, start + len(text))
    elif depth < _DEPTH:
        _add(builder, body, start + 1, words, depth + 1)
    elif body:
        builder.add_slot("S", body, start + 1)


def write(tokens: Sequence[str], slots: Mapping[str, str]) -> str:
    """See `StructureTokens.write`; no spaces but between words that would run together."""
    parts: list[str] = []
    last, quoted = "", False
    for token in tokens:
        kind = slot_kind(token)
        text = token if kind is None else slots.get(token) or BANK[kind][0]
        if last and text and not quoted and _is_word(last) and _is_word(text[0]) and not _TOUCHING & {token, last}:
            parts.append(" ")
        if token == '"':
            quoted = not quoted
        parts.append(text)
        last = text[-1] if text else last
    return "".join(parts)


def _is_word(character: str) -> bool:
    return character.isalnum() or character in "_.#$"


def fill(
    tokens: Sequence[str], rng: random.Random, slots: Mapping[str, str] | None = None, bank: Bank | None = None,
    words: Container[str] = frozenset(),
) -> dict[str, str]:  # fmt: skip
    """See `StructureTokens.fill`. The second end of a range lies below the first, in the same column."""

    def candidates(index: int, kind: str, filled: Mapping[str, str]) -> Sequence[str]:
        if kind == "R" and index >= 2 and tokens[index - 1] == ":":
            below = _below(filled.get(tokens[index - 2], ""))
            if below:
                return below
        texts = (bank or {}).get(kind) or BANK[kind]
        return ([text for text in texts if text not in words] or texts) if kind == "F" else texts

    return fill_slots(tokens, rng, slots, candidates)


def _below(cell: str) -> list[str]:
    match = _SPLIT.fullmatch(cell)
    if match is None:
        return []
    return [f"{match[1]}{match[2]}{match[3]}{int(match[4]) + step}" for step in (3, 8, 9, 18, 98)]
