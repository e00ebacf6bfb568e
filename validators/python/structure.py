"""Python as structure tokens; for the idea see `validators.structure`.

Kinds of slots: V name, N number but 0, 1 and 2, S body of a string. Built-in functions, exceptions, soft keywords and
``self`` are words, and so are the attributes and called functions that a vocabulary holds. A quote is a token together
with the string's prefix. A line break is a token together with the indentation of the line that it opens, in levels of
four spaces; five spaces are one level and an indentation that fits no open block. An indented first line has a token of
the indentation alone. Comments and blank lines go.
"""

from __future__ import annotations

import random
import re
from collections.abc import Container, Mapping, Sequence

from validators.base import Token, TokenKind
from validators.python.lexer import tokenize
from validators.python.style import spaced
from validators.python.words import BUILTINS, CONVENTIONS, EXCEPTIONS, SOFT_KEYWORDS
from validators.structure import Bank, Structure, StructureBuilder, fill_slots, slot_kind
from validators.structure import joins as joins  # words alone run together

_WORDS = BUILTINS | EXCEPTIONS | CONVENTIONS | SOFT_KEYWORDS
_STRING = re.compile(r"(?s)(?P<open>[A-Za-z]*(?P<quote>\"\"\"|'''|\"|'))(?P<body>.*)")
_CONTINUED = re.compile(r"\\(?:\r\n|\r|\n)")
_PLAIN_NUMBERS = ("0", "1", "2")
_MAY_BE_WORDS = ("call", "class", "attribute")  # roles of names that `structure` takes for words, where they are some
_DEPTH = 6  # unclosed strings within unclosed strings whose insides are looked at
_STEP = 4  # spaces of a level, as it is written where the snippet has no such level of its own

BANK: Bank = {
    "V": (
        *("x", "y", "data", "value", "result", "name", "items", "key", "n", "i", "total", "count", "text", "line"),
        *("values", "index", "row", "item", "path", "node", "rows", "user", "start", "end", "size", "word", "config"),
        *("numbers", "lines", "words", "names", "score", "target", "message", "options", "left", "right", "current"),
    ),
    "call": (
        *("get", "run", "load", "process", "update", "check", "compute", "build", "parse", "convert", "find", "read"),
        *("create", "add_item", "get_value", "load_data", "is_valid", "show", "main", "func", "foo", "calculate"),
        *("find_user", "read_rows", "total_price", "apply_discount", "parse_line", "send_mail", "next_id", "is_open"),
        *("build_index", "update_score", "to_celsius", "word_count", "check_order", "make_report", "load_users"),
    ),
    "class": (
        *("Node", "Item", "User", "Person", "Account", "Player", "Stack", "Config", "Parser", "Shape", "Invoice"),
        *("Customer", "Employee", "Product", "Library", "Message", "Counter", "Queue", "Rectangle", "Settings"),
    ),
    "module": ("os", "sys", "re", "math", "json", "random", "time", "datetime", "numpy", "pandas", "requests"),
    "attribute": (
        *("name", "value", "data", "size", "items", "color", "left", "right", "parent", "width", "height", "total"),
        *("amount", "owner", "email", "quantity", "address", "speed", "is_open", "level", "users", "created", "rate"),
    ),
    "N": ("10", "3", "5", "100", "4", "0.5", "8", "1000", "20", "7", "12", "6", "50", "1.5", "0.1", "60"),
    "S": (
        *("name", "value", "data", "hello", "text", "id", "key", "error", "done", "yes", "no", "A", "B", "x", "utf-8"),
        *("Enter a number: ", "Result: ", "Invalid input", "data.txt", "r", "w", "total", "user", "title", "-", ", "),
    ),
}  # fmt: skip


def structure(code: str, words: Container[str] | None = None) -> Structure:
    """See `StructureTokens.structure`; ``words`` are attributes and called functions, for instance ``append``."""
    builder = StructureBuilder()
    _add(builder, tokenize(code), 0, words, 0, _Lines())
    return builder.build()


class _Lines:
    """The levels of indentation of the lines that are open, as Python's own tokenizer keeps them."""

    def __init__(self) -> None:
        self.depth = 0  # of brackets
        self._widths = [0]
        self._odd: int | None = None  # an indentation that fitted no open block

    def bracket(self, text: str) -> None:
        self.depth = self.depth + 1 if text in "([{" else max(0, self.depth - 1)

    def token(self, indentation: str) -> str:
        """The line break before a line with this indentation."""
        width, widths = _width(indentation), self._widths
        if self.depth:
            level = len(widths) if width > widths[-1] else max(i for i, w in enumerate(widths) if w <= width)
            return _line_break(level)
        if width == self._odd:
            return _line_break(len(widths) - 1) + " "
        self._odd = None
        if width > widths[-1]:
            widths.append(width)
            return _line_break(len(widths) - 1)
        while widths[-1] > width:
            widths.pop()
        if widths[-1] == width:
            return _line_break(len(widths) - 1)
        self._odd = width
        return _line_break(len(widths) - 1) + " "


def _width(indentation: str) -> int:
    """In columns, as Python counts them: a form feed starts over; of a continued line the first blanks count."""
    parts = (len(part.rpartition("\f")[2].expandtabs()) for part in _CONTINUED.split(indentation))
    return next((width for width in parts if width), 0)


def _line_break(level: int) -> str:
    return "\n" + " " * (_STEP * level)


def _add(
    builder: StructureBuilder, tokens: Sequence[Token], offset: int, words: Container[str] | None, depth: int,
    lines: _Lines,
) -> None:  # fmt: skip
    line_break, indentation = None, ""  # that stand before the next token
    for i, token in enumerate(tokens):
        text, start = token.text, offset + token.start
        match token.kind:
            case TokenKind.NEWLINE:
                line_break, indentation = start, ""
                continue
            case TokenKind.INDENT:
                indentation = text
                line_break = start if line_break is None and not builder.last else line_break
                continue
            case TokenKind.SPACE | TokenKind.COMMENT:
                continue
        if line_break is not None and (builder.last or _width(indentation)):
            word = lines.token(indentation)
            builder.add(word if builder.last else word[1:], line_break, start)
            if lines.depth == 0 and len(word) % _STEP == 1 and not indentation.strip(" \t"):  # brackets have no width
                builder.note(word, "\n" + indentation)
        line_break, indentation = None, ""
        if token.kind is TokenKind.NAME and builder.last not in ("def", "class") and _is_spaced_call(tokens, i):
            token = Token(text, TokenKind.FUNCTION, token.start)
        _add_token(builder, token, offset, words, depth, lines)


def _is_spaced_call(tokens: Sequence[Token], index: int) -> bool:
    """Whether a bracket follows this name only after a space: ``print (x)``."""
    behind = tokens[index + 1 : index + 3]
    return len(behind) == 2 and behind[0].kind is TokenKind.SPACE and behind[1].text == "("


def _add_token(
    builder: StructureBuilder, token: Token, offset: int, words: Container[str] | None, depth: int, lines: _Lines
) -> None:
    text, start = token.text, offset + token.start
    match token.kind:
        case TokenKind.NUMBER if text not in _PLAIN_NUMBERS:
            builder.add_slot("N", text, start)
        case TokenKind.STRING:
            _add_string(builder, text, start, words, depth, lines)
        case TokenKind.NAME | TokenKind.FUNCTION if not _is_word(builder, token, words):
            builder.add_slot("V", text, start)
        case TokenKind.OPERATOR:
            builder.add_characters(text, start)
        case _:
            if token.kind is TokenKind.BRACKET:
                lines.bracket(text)
            builder.add(text, start, start + len(text))


def _is_word(builder: StructureBuilder, token: Token, words: Container[str] | None) -> bool:
    text = token.text
    is_attribute = builder.last == "."
    if text in _WORDS:
        return not is_attribute or words is None or text in words or text in CONVENTIONS
    if builder.knows("V", text) or not (is_attribute or token.kind is TokenKind.FUNCTION):
        return False
    return words is None or text in words


def _add_string(
    builder: StructureBuilder, text: str, start: int, words: Container[str] | None, depth: int, lines: _Lines
) -> None:
    match = _STRING.fullmatch(text)
    assert match is not None  # the lexer's strings begin with a quote
    opening, quote, body = match["open"], match["quote"], match["body"]
    inside = start + len(opening)
    builder.add(opening, start, inside)
    if body.endswith(quote) and _closes(body[: -len(quote)]):
        body = body[: -len(quote)]
        if body:
            builder.add_slot("S", body, inside)
        builder.add(quote, inside + len(body), start + len(text))
    elif depth < _DEPTH and len(quote) == 1:
        _add(builder, tokenize(body), inside, words, depth + 1, lines)
    elif body:
        builder.add_slot("S", body, inside)


def _closes(body: str) -> bool:
    """Whether the quote behind this body is no part of it: an even number of backslashes stands before it."""
    return (len(body) - len(body.rstrip("\\"))) % 2 == 0


def write(tokens: Sequence[str], slots: Mapping[str, str]) -> str:
    """See `StructureTokens.write`; spaced as people space their programs."""
    breaks = _line_breaks(tokens, slots)
    return spaced(tokens, [breaks.get(token) or _text(token, slots) for token in tokens])


def _text(token: str, slots: Mapping[str, str]) -> str:
    kind = slot_kind(token)
    return token if kind is None else slots.get(token) or BANK[kind][0]


def _line_breaks(tokens: Sequence[str], slots: Mapping[str, str]) -> dict[str, str]:
    """What each line break is written as: as in the snippet, where that goes on from what the level above has.

    Blocks of one snippet may differ in their width, and mix tabs with spaces; written with one width for each level, a
    deeper level has to stay the deeper one.
    """
    deepest = max((len(token) // _STEP for token in tokens if token.isspace()), default=0)
    texts, text = dict[str, str](), "\n"
    for level in range(deepest + 1):
        token = _line_break(level)
        if level:
            own = slots.get(token, token)
            text = own if own.startswith(text) and own != text else text + " " * _STEP
            texts[token[1:]] = text[1:]  # of a first line
        texts |= {token: text, f"{token} ": f"{text} "}
    return texts


def fill(
    tokens: Sequence[str], rng: random.Random, slots: Mapping[str, str] | None = None, bank: Bank | None = None,
    words: Container[str] = frozenset(),
) -> dict[str, str]:  # fmt: skip
    """See `StructureTokens.fill`; what a name first stands as (call, class, module, attribute) decides on its texts."""

    def candidates(index: int, kind: str, filled: Mapping[str, str]) -> Sequence[str]:
        role = _role(tokens, index) if kind == "V" else kind
        texts = bank[kind] if bank and kind in bank else BANK[role]
        return ([text for text in texts if text not in words] or texts) if role in _MAY_BE_WORDS else texts

    return fill_slots(tokens, rng, slots, candidates)


def _role(tokens: Sequence[str], index: int) -> str:
    before = tokens[index - 1] if index else ""
    after = tokens[index + 1] if index + 1 < len(tokens) else ""
    if before in ("import", "from"):
        return "module"
    if before == "class":
        return "class"
    if after == "(":
        return "call"
    return "attribute" if before == "." else "V"
