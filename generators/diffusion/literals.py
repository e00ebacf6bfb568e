"""Delexicalising: literals shrink to a small bank, names that are rare become common ones.

Structure is untouched: quotes, brackets, operators and known functions stay, so a small model spends itself
on them. One snippet maps equal literals to equal ones. It is applied to training data alone. `restored` and `aligned`
go the other way: they copy literals and names from one text to another, by the class of the tokens.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence

from rapidfuzz.distance import Levenshtein, Opcodes

from validators import Language, Token, TokenKind
from validators.diff import significant, texts, token_distance

_WORDS = frozenset({TokenKind.NAME, TokenKind.FUNCTION, TokenKind.VARIABLE, TokenKind.PARAMETER, TokenKind.TYPE})
_BARE = frozenset({TokenKind.NAME, TokenKind.FUNCTION, TokenKind.TYPE})  # words without a mark of their own
_LITERALS = frozenset({TokenKind.STRING, TokenKind.NUMBER, TokenKind.SHEET, TokenKind.REFERENCE})
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
    return "".join(text for _, text in shrunk(language, code, known))


def shrunk(language: Language, code: str, known: frozenset[str]) -> list[tuple[Token, str]]:
    """Every token of ``code`` with the text that stands for it; that of comments and blank lines is empty."""
    tokens = language.tokens(code)
    rename = _Renamer({t.text for t in tokens if t.kind in _WORDS and _stays(language.name, t, known)})
    pairs = [(token, _literal(language.name, token, rename, known)) for token in tokens]
    return pairs if language.name == "excel" else _tidied(pairs)


def _tidied(pairs: list[tuple[Token, str]]) -> list[tuple[Token, str]]:
    """Without blank lines and without white space at the ends of lines."""
    texts = [text for _, text in pairs]
    start, pending = 0, None  # of the line, and the line break that stands before it
    for end in [i for i, (token, _) in enumerate(pairs) if token.kind is TokenKind.NEWLINE] + [len(pairs)]:
        full = [i for i in range(start, end) if texts[i].strip()]
        blank = range(full[-1] + 1 if full else start, end)
        for i in blank:
            texts[i] = ""
        if full and pending is not None:
            texts[pending] = "\n"
        if end < len(pairs):
            texts[end] = ""
        pending = end if full else pending
        start = end + 1
    return [(token, text) for (token, _), text in zip(pairs, texts, strict=True)]


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
    if kind is TokenKind.INDENT:
        return text.expandtabs(4)
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


def restored(language: Language, source: Sequence[tuple[Token, str]], text: str) -> str:
    """``text`` with the literals, names, comments and blank lines of the code that ``source`` is `shrunk` from.

    The tokens of both are aligned by class: a literal is like any other of its kind, and so is a name. Where the
    classes match, the code's own token returns, for a last-mile mistake is one of structure; what a model added is
    translated back where the code shrank something to it.
    """
    tokens = language.tokens(text)
    seen = [(i, token, short) for i, (token, short) in enumerate(source) if short]
    theirs: dict[str, str] = {}
    for _, token, short in seen:
        theirs.setdefault(short, token.text)
    before = [_class_of(language.name, token.kind, short) for _, token, short in seen]
    after = [_class_of(language.name, token.kind, token.text) for token in tokens]
    parts: list[str] = []
    done = 0  # tokens of the source

    def hidden(end: int) -> None:
        nonlocal done
        parts.extend(token.text for token, short in source[done:end] if not short)
        done = end

    for edit in _opcodes(before, after):
        for k in range(edit.src_start, edit.src_end):
            hidden(seen[k][0])
            done += 1
            if edit.tag == "equal":
                parts.append(seen[k][1].text)
        if edit.tag != "equal":
            parts.extend(theirs.get(t.text, t.text) for t in tokens[edit.dest_start : edit.dest_end])
    hidden(len(source))
    return "".join(parts)


def _class_of(language: str, kind: TokenKind, text: str) -> str:
    """Literals by their kind; words by the mark that they bear, as their kind hangs on what is around them."""
    if kind in _LITERALS:
        return kind.value
    if kind not in _WORDS or (language == "excel" and text in ("TRUE", "FALSE")):
        return f"text {text}"
    colon = ":" if text.endswith(":") else ""
    return ("word" if kind in _BARE else kind.value) + colon


def aligned(language: Language, broken: str, fixed: str) -> str:
    """``broken`` with the literals and names of ``fixed``, where the significant tokens of both match by class.

    What is left of the difference is structure: quotes, brackets, operators, spaces, Excel's functions, PowerShell's
    commands, parameters and types. A string without its end and a reference that is none stay too. The result is
    never further from ``fixed``; where the copies would run together with their neighbours it is ``broken``.
    """
    ours, theirs = significant(language, broken), significant(language, fixed)
    classes = [_shape(language, token) for token in ours]
    parts: list[str] = []
    end = 0  # of what is done, in characters
    for edit in _opcodes(classes, [_shape(language, token) for token in theirs]):
        if edit.tag == "equal":
            for i, j in zip(range(edit.src_start, edit.src_end), range(edit.dest_start, edit.dest_end), strict=True):
                parts += [broken[end : ours[i].start], theirs[j].text]
                end = ours[i].start + len(ours[i].text)
    text = "".join([*parts, broken[end:]])
    result = significant(language, text)
    if [_shape(language, token) for token in result] != classes:
        return broken
    goal = texts(theirs)
    return text if token_distance(texts(result), goal) <= token_distance(texts(ours), goal) else broken


def _shape(language: Language, token: Token) -> str:
    """A literal by its kind and its outward form, a plain name as any other; everything else by its text."""
    text, kind = token.text, token.kind
    is_name = kind is TokenKind.NAME or (kind is TokenKind.FUNCTION and language.name == "python")
    if is_name and text not in ("TRUE", "FALSE") and text not in _SOFT_KEYWORDS:
        return "name"
    if kind in (TokenKind.NUMBER, TokenKind.SHEET, TokenKind.VARIABLE):
        return kind.value
    if kind is TokenKind.STRING and (quoted := _STRING.match(text)) is not None:
        is_closed = language.tokens(f"{text} ")[0].text == text  # else it takes in what follows
        return f"string {quoted['open']} {quoted['close']}" if is_closed else f"text {text}"
    if kind is TokenKind.REFERENCE and (cell := _CELL.match(text)) is not None:
        return f"reference {bool(cell[2])} {bool(cell[4])}"  # a cell, a column, a row
    return f"text {text}"


def _opcodes(before: Sequence[str], after: Sequence[str]) -> Opcodes:
    """The way from one list of classes to another; one character for each, as rapidfuzz is fastest on strings."""
    codes: dict[str, str] = {}
    sides = ["".join(codes.setdefault(name, chr(len(codes) + 1)) for name in side) for side in (before, after)]
    return Levenshtein.opcodes(*sides)
