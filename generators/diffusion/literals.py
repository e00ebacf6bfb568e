"""Delexicalising: literals shrink to a small bank, names that are rare become common ones.

Structure is untouched: quotes, brackets, operators and known functions stay, so a small model spends itself
on them. One snippet maps equal literals to equal ones. It is applied to training data alone.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Iterable

from validators import Language, Token, TokenKind

_WORDS = frozenset({TokenKind.NAME, TokenKind.FUNCTION, TokenKind.VARIABLE, TokenKind.PARAMETER, TokenKind.TYPE})
_SOFT_KEYWORDS = frozenset({"_", "case", "match"})  # of Python: names to the lexer, grammar to the parser
_STRINGS = ("Yes", "No", "x", "text", "A", "0")
_BANKS: dict[tuple[str, TokenKind], tuple[str, ...]] = {
    ("excel", TokenKind.NAME): ("Rate", "Total", "Data", "Name"),
    ("python", TokenKind.NAME): ("x", "y", "a", "b", "n", "i", "data", "name", "value", "result", "items", "key"),
    ("python", TokenKind.FUNCTION): ("f", "g", "func", "run", "get", "test"),
    ("powershell", TokenKind.NAME): ("name", "test", "value", "file", "server", "data"),
    ("powershell", TokenKind.FUNCTION): ("Get-Item", "Set-Item", "New-Item", "Remove-Item", "Get-Content"),
    ("powershell", TokenKind.VARIABLE): ("$x", "$name", "$result", "$item", "$path", "$data", "$value", "$file"),
    ("powershell", TokenKind.PARAMETER): ("-Name", "-Path", "-Value", "-Force", "-Id"),
    ("powershell", TokenKind.TYPE): ("string", "int", "object"),
}
_STRING = re.compile(r"(?s)^(?P<open>[A-Za-z@$]*(?:\"\"\"|'''|\"|'))(?P<body>.*?)(?P<close>\"\"\"|'''|\"@?|'@?)$")
_CELL = re.compile(r"^(\$?)([A-Za-z]*)(\$?)(\d*)$")
_NUMBER = re.compile(r"^(\d+)(?:\.(\d))?\d*$")


class _Renamer:
    """Equal words to equal words, different ones to different ones as long as the bank lasts."""

    def __init__(self, taken: set[str]) -> None:
        self._taken = taken
        self._names: dict[str, str] = {}

    def __call__(self, word: str, bank: tuple[str, ...]) -> str:
        if word not in self._names:
            start = zlib.crc32(word.encode("utf-8", "replace")) % len(bank)
            order = bank[start:] + bank[:start]
            self._names[word] = next((w for w in order if w not in self._taken), order[0])
            self._taken.add(self._names[word])
        return self._names[word]


def common_words(language: Language, snippets: Iterable[str], min_count: int) -> frozenset[str]:
    """The names that occur in at least ``min_count`` snippets; the others will be renamed."""
    counts: Counter[str] = Counter()
    for code in snippets:
        counts.update({t.text for t in language.tokens(code) if t.kind in _WORDS})
    return frozenset(word for word, n in counts.items() if n >= min_count and word.isascii())


def delexicalise(language: Language, code: str, known: frozenset[str]) -> str:
    """``code`` with its literals from the bank, its unknown names renamed and its comments gone."""
    text = "".join(text for _, text in shrunk(language, code, known))
    if language.name == "excel":
        return text
    return "\n".join(line.rstrip() for line in text.split("\n") if line.strip())


def shrunk(language: Language, code: str, known: frozenset[str]) -> list[tuple[Token, str]]:
    """Every token of ``code`` with the text that stands for it; a comment's is empty."""
    tokens = language.tokens(code)
    rename = _Renamer({t.text for t in tokens if t.kind in _WORDS and _stays(language.name, t, known)})
    return [(token, _literal(language.name, token, rename, known)) for token in tokens]


def _stays(language: str, word: Token, known: frozenset[str]) -> bool:
    """Whether a word keeps its name. Excel's names are defined by one workbook, so none is known elsewhere."""
    if language == "excel" and word.kind is TokenKind.NAME:
        return word.text in ("TRUE", "FALSE")
    return bool(known & {word.text, word.text.removesuffix(":")})


def _literal(language: str, token: Token, rename: _Renamer, known: frozenset[str]) -> str:
    text, kind = token.text, token.kind
    if kind is TokenKind.STRING:
        return _string(text, rename)
    if kind is TokenKind.NUMBER:
        return _number(text)
    if kind is TokenKind.SHEET:
        return rename(text, ("Sheet1!", "Sheet2!", "Sheet3!"))
    if kind is TokenKind.REFERENCE:
        return _reference(text)
    if kind is TokenKind.COMMENT:
        return ""
    if kind is TokenKind.SPACE:
        return " "
    if language == "python" and text in _SOFT_KEYWORDS:
        return text
    bank = _BANKS.get((language, kind))
    if bank is None or _stays(language, token, known):
        return text
    colon = ":" if kind is TokenKind.PARAMETER and text.endswith(":") else ""  # -Path:$x
    return rename(text.removesuffix(colon), bank) + colon


def _string(text: str, rename: _Renamer) -> str:
    match = _STRING.match(text)
    if match is None or not match["body"]:
        return text
    comparison = re.match(r"<>|[<>]=?", match["body"])  # a criterion, as in COUNTIF(A:A,">10") or COUNTIF(A:A,"<>")
    if comparison is None:
        body = rename("s:" + match["body"], _STRINGS)
    else:
        body = comparison[0] if match["body"] == comparison[0] else f"{comparison[0]}0"
    if match["open"].startswith("@"):  # a here-string of PowerShell: its body has lines of its own
        body = f"\n{body}\n"
    return match["open"] + body + match["close"]


def _number(text: str) -> str:
    match = _NUMBER.match(text)
    if match is None:
        return "1"
    whole, decimal = match[1], match[2]
    short = whole if len(whole) <= 2 else whole[0] + "0" * min(2, len(whole) - 1)
    return short + (f".{decimal}" if decimal else "")


def _reference(text: str) -> str:
    match = _CELL.match(text)
    if match is None:
        return text
    row = str(int(match[4]) % 99 or 99) if match[4] else ""
    return match[1] + match[2][-1:].upper() + match[3] + row


def shift_rows(language: Language, code: str, share: float) -> str:
    """An Excel formula with the rows of all its references moved together, within rows 1 to 99.

    Args:
        share: in [0, 1), where among the possible shifts to move to.
    """
    tokens = language.tokens(code)
    matches = {i: _CELL.match(t.text) for i, t in enumerate(tokens) if t.kind is TokenKind.REFERENCE}
    cells = {i: match for i, match in matches.items() if match is not None and match[4]}
    rows = [int(match[4]) for match in cells.values()]
    if not rows or max(rows) > 99:
        return code
    low, high = 1 - min(rows), 99 - max(rows)
    move = low + int(share * (high - low + 1))
    texts = [t.text for t in tokens]
    for i, match in cells.items():
        texts[i] = f"{match[1]}{match[2]}{match[3]}{int(match[4]) + move}"
    return "".join(texts)
