"""PowerShell as structure tokens; for the idea see `validators.structure`.

Kinds of slots: V name (of a variable, a member, a bare word), W bare word with other characters (a path, a pattern),
C command, P parameter, T type, N number but 0, 1 and 2, S body of a string. Keywords, operators and automatic
variables are words, and so are the commands, parameters, types and members that a vocabulary holds. The ``$`` of a
variable is a token of its own, since people forget it. A line break is a token, a backtick that continues a line
another; comments, blank lines and indentation go. A space is a token where style would not put one and PowerShell
looks at it: ``$a.b (1)`` passes nothing to ``b``.
"""

from __future__ import annotations

import random
import re
from collections.abc import Container, Mapping, Sequence

from validators.base import Token, TokenKind
from validators.powershell.lexer import tokenize
from validators.powershell.parser.tokens import DASHES, DOUBLE_QUOTES, SINGLE_QUOTES
from validators.powershell.style import BREAKS, CLOSING, SPACE, Line
from validators.powershell.words import ALWAYS, AUTOMATIC, BANK
from validators.structure import Bank, Structure, StructureBuilder, fill_slots, slot_kind

_NAME = re.compile(r"[^\W\d]\w*")
_PLAIN_NUMBERS = ("0", "1", "2")
_MAY_BE_WORDS = ("C", "P", "T", "member")  # kinds and roles that `structure` takes for words, where they are some
_QUOTE = f"[{SINGLE_QUOTES}{DOUBLE_QUOTES}]"
_HERE = re.compile(rf"(?s)@{_QUOTE}[^\S\r\n]*(?:\r\n|[\r\n])(?P<body>.*?)(?:\r\n|[\r\n])?{_QUOTE}@")
_UNCLOSED = re.compile(f"@?{_QUOTE}")  # opens a string that the lexer gives up
_DEPTH = 6  # unclosed strings within unclosed strings whose insides are looked at
_INDENTATION = "    "
_DASHED = re.compile(r"--?[A-Za-z?]")
_DASHED_WORD = re.compile(r"(?:^|[\s(])-[A-Za-z]+$")  # an operator or a parameter
_COMMAND = re.compile(r"(?:^|[\s;{(|&=])[A-Za-z]\w*(?:-\w+)*$")  # or a keyword, but no member
_MEMBER = re.compile(r"(?:\$\w[\w:.]*|[\])}\"'])(?:\.|::)\w+$")
_RELATIVE = re.compile(r"\.{1,2}[\\/]")  # a path that begins here
_LONG_SIGNS = frozenset({"==", "+=", "-=", "*=", "/=", "%=", "?=", "=>", "->", ">>", "||", "&&"})


def structure(code: str, words: Container[str] | None = None) -> Structure:
    """See `StructureTokens.structure`; ``words`` are commands, parameters with their dash, types and members."""
    reader = _Reader(words)
    reader.add(tokenize(code), 0, 0)
    return reader.builder.build()


class _Reader:
    """Turns the tokens of a snippet into those of its structure."""

    def __init__(self, words: Container[str] | None) -> None:
        self.builder = StructureBuilder()
        self._words = words
        self._line = Line()
        self._space: tuple[int, int] | None = None  # before the next token
        self._break: tuple[str, int, int] | None = None

    def add(self, tokens: Sequence[Token], offset: int, depth: int) -> None:
        for token in tokens:
            start, text = offset + token.start, token.text
            if token.kind is TokenKind.NEWLINE:
                if self._break is None or self._break[0] != "\n":
                    self._break = ("\n", start, start + len(text))
            elif token.kind is TokenKind.SPACE and "`" in text:
                place = start + text.index("`")
                self._break = self._break or ("`\n", place, start + len(text))
            elif token.kind in (TokenKind.SPACE, TokenKind.COMMENT):
                self._space = (start, start + len(text))
            else:
                if self._break and self.builder.last not in ("", *BREAKS):
                    self._put(*self._break)
                self._break = None
                self._add_token(token, start, depth)
                self._space = None

    def _put(self, token: str, start: int, end: int) -> None:
        """A token that is no slot."""
        self._before(token)
        self.builder.add(token, start, end)
        self._line.take(token)

    def _slot(self, kind: str, text: str, start: int) -> None:
        self._before(f"<{kind}0>")
        self.builder.add_slot(kind, text, start)
        self._line.take(f"<{kind}0>")

    def _before(self, token: str) -> None:
        """The space before a token, where it has a meaning."""
        if self._space and token not in BREAKS and not self._line.wants_space(token) and self._line.is_meant(token):
            self.builder.add(SPACE, *self._space)
            self._line.take(SPACE)
        self._space = None

    def _add_token(self, token: Token, start: int, depth: int) -> None:
        text = token.text
        match token.kind:
            case TokenKind.STRING:
                self._add_string(text, start, depth)
            case TokenKind.OTHER if _UNCLOSED.match(text):
                self._add_unclosed(text, start, depth)
            case TokenKind.VARIABLE if len(text) > 1:
                self._put(text[0], start, start + 1)
                self._add_variable(text[1:], start + 1)
            case TokenKind.NUMBER if text not in _PLAIN_NUMBERS:
                self._slot("N", text, start)
            case TokenKind.PARAMETER:
                self._add_parameter(text, start)
            case TokenKind.FUNCTION:
                self._add_word("C", text, start)
            case TokenKind.TYPE:
                self._add_word("T", text, start)
            case TokenKind.NAME if self._line.names_a_member and not self.builder.knows("V", text):
                self._add_word("V", text, start)
            case TokenKind.NAME | TokenKind.OTHER if len(text) > 1 or text.isalnum():
                self._add_bare(text.rstrip(" \t"), start)  # behind --% there may be space
            case TokenKind.KEYWORD:
                self._put(text.lower(), start, start + len(text))
            case TokenKind.OPERATOR if text[0] in DASHES:
                self._put(text.lower().replace(text[0], "-"), start, start + len(text))
            case _:
                self._put(text, start, start + len(text))

    def _add_variable(self, name: str, start: int) -> None:
        if name.lower() in AUTOMATIC:
            self._put(name.lower(), start, start + len(name))
        else:
            self._slot("V", name, start)

    def _add_parameter(self, text: str, start: int) -> None:
        name = text.removesuffix(":")
        self._add_word("P", name, start)
        if name != text:
            self._put(":", start + len(name), start + len(text))

    def _add_word(self, kind: str, text: str, start: int) -> None:
        """What is a word if the vocabulary holds it."""
        word = f"-{text[1:]}" if text[0] in DASHES and len(text) > 1 else text
        is_sign = not any(map(str.isalnum, text))
        if is_sign or self._words is None or word in self._words:
            self._put(word, start, start + len(text))
        else:
            self._slot(kind, text, start)

    def _add_bare(self, text: str, start: int) -> None:
        if text in ALWAYS:
            self._put(text, start, start + len(text))
        else:
            self._slot("V" if _NAME.fullmatch(text) else "W", text, start)

    def _add_string(self, text: str, start: int, depth: int) -> None:
        """Its quotes and its body."""
        quote, end = _plain(text.removeprefix("@")[0]), start + len(text)
        here = _HERE.fullmatch(text)
        if here:
            self._put(f"@{quote}", start, start + here.start("body"))
            if here["body"]:
                self._slot("S", here["body"], start + here.start("body"))
            self._put(f"{quote}@", start + here.end("body"), end)
        elif _is_closed(text, quote):
            self._put(quote, start, start + 1)
            if len(text) > 2:
                self._slot("S", text[1:-1], start + 1)
            self._put(quote, end - 1, end)
        else:
            self._add_unclosed(text, start, depth)

    def _add_unclosed(self, text: str, start: int, depth: int) -> None:
        """The quote that opens a string without its end, and the tokens behind it."""
        length = 2 if text[0] == "@" else 1
        if depth < _DEPTH:
            self._put("".join(map(_plain, text[:length])), start, start + length)
            self.add(tokenize(text[length:]), start + length, depth + 1)
        else:
            self._slot("W", text, start)


def _plain(character: str) -> str:
    if character in SINGLE_QUOTES:
        return "'"
    return '"' if character in DOUBLE_QUOTES else character


def _is_closed(text: str, quote: str) -> bool:
    """Whether a string token ends with a quote that closes it, and no quote stands in it that plain ones would end."""
    if len(text) < 2 or _plain(text[-1]) != quote:
        return False
    body = text[1:-1].replace(quote * 2, "")
    if quote == '"':
        body = re.sub(r"(?s)`.", "", body)
        return not body.endswith("`")
    return "'" not in body


def write(tokens: Sequence[str], slots: Mapping[str, str]) -> str:
    """See `StructureTokens.write`; spaced and indented as people do."""
    parts: list[str] = []
    line = Line()
    for i, token in enumerate(tokens):
        if line.wants_space(token):
            parts.append(SPACE)
        kind = slot_kind(token)
        text = token if kind is None else slots.get(token) or BANK[kind][0]
        if token in BREAKS:
            closes = i + 1 < len(tokens) and tokens[i + 1] in CLOSING
            text = (" " if token == "`\n" else "") + token + _INDENTATION * (line.depth - closes + (token == "`\n"))
        elif token in ('@"', "@'"):
            text = f"{token}\n"
        elif token in ('"@', "'@"):
            text = f"\n{token}"
        parts.append(text)
        line.take(token)
    return "".join(parts)


def joins(left: str, right: str) -> bool:
    """See `StructureTokens.joins`: what runs together, and what people set apart."""
    last, first, line = left[-1:], right[:1], left.rpartition("\n")[2]
    if not last or not first or last.isspace() or first.isspace() or first in ",;)]":
        return False
    if line in ('"@', "'@"):  # the end of a here-string
        return first not in ".[:"
    if any(sign in "\"'" and line.count(sign) % 2 for sign in (last, first)):  # within a string
        return False
    if last == "{" or first == "}":
        return last + first != "{}"
    if _RELATIVE.match(right):
        return last not in "$@(["
    if last in "$@([.!:":
        return False
    if _DASHED.match(right):
        return True
    if _DASHED_WORD.search(line):
        return first != ":"
    if first in "=|>" or last in "=|>,;&":
        return last + first not in _LONG_SIGNS
    if first == "(":
        return _COMMAND.search(line) is not None
    if first == "{" and _MEMBER.search(line):
        return False
    return (first in "{$@\"'_*\\/" or first.isalnum()) and (last.isalnum() or last in "_\"')}*%?")


def fill(
    tokens: Sequence[str], rng: random.Random, slots: Mapping[str, str] | None = None, bank: Bank | None = None,
    words: Container[str] = frozenset(),
) -> dict[str, str]:  # fmt: skip
    """See `StructureTokens.fill`; a name's texts are those of variables or of members, as it first stands."""

    def candidates(index: int, kind: str, filled: Mapping[str, str]) -> Sequence[str]:
        before = tokens[index - 1] if index else ""
        role = "member" if kind == "V" and before in (".", "::", "?.") else kind
        texts = bank[kind] if bank and kind in bank else BANK[role]
        return ([text for text in texts if text not in words] or texts) if role in _MAY_BE_WORDS else texts

    return fill_slots(tokens, rng, slots, candidates)
