"""Spaces between structure tokens as people put them; none of them has a meaning."""

from __future__ import annotations

import re
from collections.abc import Sequence

from validators.python.lexer import KEYWORDS

_OPERATORS = frozenset(
    {
        *("**=", "//=", ">>=", "<<=", "...", "**", "//", ">>", "<<", "!=", "->", ":=", "==", "<=", ">=", "+=", "-="),
        *("*=", "/=", "%=", "&=", "|=", "^=", "@="),
        *("<>", "=>", "=<"),  # of other languages
    }
)  # of more than one character
_PREFIXES = frozenset({"+", "-", "*", "**", "/", "~", "@", "..."})  # where no operand stands before
_CHARACTERS = frozenset("+-*/%@&|^=<>!.:~")
_CONSTANTS = frozenset({"None", "True", "False"})
_SET_OFF = KEYWORDS - _CONSTANTS | {"case"}  # from a bracket behind them
_QUOTE = re.compile(r"[A-Za-z]*(\"\"\"|'''|\"|')")
_CLOSING = frozenset(")]}")


def spaced(tokens: Sequence[str], texts: Sequence[str]) -> str:
    """The texts of structure tokens as one, with the spaces that style or the lexer asks for.

    Args:
        tokens: of the structure.
        texts: what each is written as; as many.
    """
    line = _Line()
    i = 0
    while i < len(tokens):
        length = 1 if line.quote else _operator_length(tokens, i)
        if line.quote:
            line.inside_string(tokens[i], texts[i])
        elif length:
            line.operator("".join(texts[i : i + length]))
        elif match := _QUOTE.fullmatch(tokens[i]):
            line.opening_quote(texts[i], match[1])
        else:
            line.plain(texts[i])
        i += length or 1
    return "".join(line.parts)


class _Line:
    """What is written so far, and what the next space depends on."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.quote = ""  # that is open
        self._brackets: list[str] = []
        self._annotated: list[bool] = []  # for each bracket, whether a colon stands in its present part
        self._before = ""  # what was written last
        self._operand = False  # whether that ends an operand
        self._spaced = False  # whether a space stands behind it

    def inside_string(self, token: str, text: str) -> None:
        self._write("", text)
        if token == self.quote or (token.startswith("\n") and len(self.quote) == 1):
            self._operand = token == self.quote
            self.quote = ""

    def opening_quote(self, text: str, quote: str) -> None:
        self._write(" " if self._wants_space() or self._before.endswith(('"', "'")) else "", text)
        self.quote = quote

    def operator(self, text: str) -> None:
        before = self._before
        if text == ".":
            self._write(" " if before[:1].isdigit() or before == "from" else "", text)  # no number's own point
        elif text == ":":
            self._write(" " if before == "," else "", text)
            self._annotated[-1:] = [True] if self._annotated else []
        elif text in _PREFIXES and not self._operand:
            self._write(" " if self._wants_space() else "", text)
        elif text == "=" and self._brackets and not (self._brackets[-1] == "(" and self._annotated[-1]):
            self._write("", text)
        else:
            self._write("" if before.startswith("\n") or self._spaced else " ", text, " ")
        self._operand = False

    def plain(self, text: str) -> None:
        space = ""
        if text not in _CLOSING and not text.startswith("\n"):
            word_follows = _is_word(text[:1]) or text[:1] == "."
            opens_after_keyword = text in ("(", "[", "{") and self._before in _SET_OFF
            after_operand = self._operand and word_follows
            after_package = text == "import" and self._before[-1:] == "."
            space = " " if (self._wants_space() and (word_follows or self._before[-1:] in ",;:")) or (
                opens_after_keyword or after_operand or after_package
            ) else ""  # fmt: skip
        self._write("" if text in (",", ";") else space, text)
        if text in ("(", "[", "{"):
            self._brackets.append(text)
            self._annotated.append(False)
        elif text in _CLOSING and self._brackets:
            self._brackets.pop()
            self._annotated.pop()
        elif text == "," and self._annotated:
            self._annotated[-1] = False
        is_name = _is_word(text[-1:]) and (text not in KEYWORDS or text in _CONSTANTS)
        self._operand = is_name or text in _CLOSING or text[:1].isdigit()  # 1. is a number

    def _wants_space(self) -> bool:
        """Whether a word, a bracket or a quote is set off from what stands before."""
        before = self._before
        if before == ":":
            return self._brackets[-1:] != ["["]  # no slice
        return _is_word(before[-1:]) or before in (",", ";")

    def _write(self, space: str, text: str, behind: str = "") -> None:
        self.parts += [space, text, behind]
        self._before = text or self._before
        self._spaced = bool(behind)


def _operator_length(tokens: Sequence[str], start: int) -> int:
    """How many characters from here on are one operator; 0 where there is none."""
    for length in (3, 2):
        if "".join(tokens[start : start + length]) in _OPERATORS:
            return length
    return int(tokens[start] in _CHARACTERS)


def _is_word(character: str) -> bool:
    return bool(character) and (character.isalnum() or character == "_")
