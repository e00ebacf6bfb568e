"""What operators know of a snippet: its tokens, how brackets nest, where logical lines begin and end.

Of correct code the tolerant tokens tell all that an operator asks. LibCST's tree with its positions would tell it too,
at ten times the cost.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from validators import Language, Token, TokenKind

_BLANK = (TokenKind.SPACE, TokenKind.INDENT, TokenKind.NEWLINE, TokenKind.COMMENT)


class Edit(NamedTuple):
    """The characters from ``start`` to ``end`` become ``text``."""

    start: int
    end: int
    text: str


class Line(NamedTuple):
    """A logical line of Python."""

    indent: str
    start: int  # offset of the line in characters, its indentation included
    first: int  # index of its first and its last token that is neither space nor comment
    last: int


@dataclass(frozen=True)
class Source:
    """A snippet as operators see it; a site is the index of a token."""

    language: str
    code: str
    tokens: Sequence[Token]

    @classmethod
    def of(cls, language: Language, code: str) -> Source:
        """The tokens of ``code`` and what follows from them."""
        return cls(language.name, code, language.tokens(code))

    @cached_property
    def solid(self) -> list[int]:
        """The sites of all tokens but white space and comments."""
        return [i for i, token in enumerate(self.tokens) if token.kind not in _BLANK]

    def sites(self, *kinds: TokenKind) -> list[int]:
        """The sites of tokens of some kinds."""
        return [i for i, token in enumerate(self.tokens) if token.kind in kinds]

    def texts(self, texts: Iterable[str]) -> list[int]:
        """The sites of tokens of some texts."""
        return [i for i, token in enumerate(self.tokens) if token.text in texts]

    def text(self, site: int) -> str:
        """The text of a token; empty beyond either end."""
        return self.tokens[site].text if 0 <= site < len(self.tokens) else ""

    def end(self, site: int) -> int:
        """Where a token ends, in characters."""
        return self.tokens[site].start + len(self.tokens[site].text)

    def before(self, site: int) -> int:
        """The site of the token that comes before, white space and comments aside; -1 where there is none."""
        return next((i for i in range(site - 1, -1, -1) if self.tokens[i].kind not in _BLANK), -1)

    def after(self, site: int) -> int:
        """The site of the token that comes next, white space and comments aside; -1 where there is none."""
        return next((i for i in range(site + 1, len(self.tokens)) if self.tokens[i].kind not in _BLANK), -1)

    @cached_property
    def partners(self) -> dict[int, int]:
        """The site of the closing bracket for that of each opening one."""
        partners: dict[int, int] = {}
        open_: list[int] = []
        for i in self.sites(TokenKind.BRACKET):
            if self.tokens[i].text[-1] in "([{":
                open_.append(i)
            elif open_:
                partners[open_.pop()] = i
        return partners

    @cached_property
    def depths(self) -> list[int]:
        """In how many brackets each token stands; a bracket stands outside itself."""
        change = [0] * (len(self.tokens) + 1)
        for opening, closing in self.partners.items():
            change[opening + 1] += 1
            change[closing] -= 1
        depths, depth = [], 0
        for step in change[:-1]:
            depth += step
            depths.append(depth)
        return depths

    @cached_property
    def lines(self) -> list[Line]:
        """The logical lines of Python, blank ones left out."""
        lines: list[Line] = []
        first = last = -1
        for i, token in enumerate([*self.tokens, Token("", TokenKind.NEWLINE, len(self.code))]):
            if token.kind is TokenKind.NEWLINE and first >= 0 and (i == len(self.tokens) or self.depths[i] == 0):
                indented = first > 0 and self.tokens[first - 1].kind is TokenKind.INDENT
                indent = self.tokens[first - 1].text if indented else ""
                lines.append(Line(indent, self.tokens[first].start - len(indent), first, last))
                first = -1
            elif token.kind not in _BLANK:
                first = i if first < 0 else first
                last = i
        return lines

    @cached_property
    def headers(self) -> list[Line]:
        """The lines that open a block: those that end with a colon."""
        return [line for line in self.lines if self.tokens[line.last].text == ":"]

    @cached_property
    def unit(self) -> str:
        """One level of indentation, as the snippet has it."""
        return next((line.indent for line in self.lines if line.indent), "    ")

    def replace(self, site: int, text: str) -> Edit:
        """Another text for a token."""
        return Edit(self.tokens[site].start, self.end(site), text)

    def insert_before(self, site: int, text: str) -> Edit:
        """A text right before a token."""
        return Edit(self.tokens[site].start, self.tokens[site].start, text)

    def insert_after(self, site: int, text: str) -> Edit:
        """A text right behind a token."""
        return Edit(self.end(site), self.end(site), text)

    def delete(self, site: int) -> Edit:
        """No token, and no second space nor trailing one where it stood; words that it kept apart stay apart."""
        start, end, code = self.tokens[site].start, self.end(site), self.code
        before, after = code[start - 1 : start], code[end : end + 1]
        if after == " " and before in ("", " ", "\n"):
            return Edit(start, end + 1, "")
        if before == " " and after in ("", "\n") and self.tokens[site - 1].kind is TokenKind.SPACE:
            return Edit(start - 1, end, "")
        return Edit(start, end, " " if _word(before) and _word(after) else "")


def apply(code: str, edits: Iterable[Edit]) -> str:
    """``code`` with some edits, which do not overlap, made."""
    for edit in sorted(edits, reverse=True):
        code = code[: edit.start] + edit.text + code[edit.end :]
    return code


def overlap(edits: Sequence[Edit]) -> bool:
    """Whether some edits touch the same place."""
    ordered = sorted(edits)
    return any(one.end >= other.start for one, other in pairwise(ordered))


def _word(sign: str) -> bool:
    return sign.isalnum() or sign in ("_", "'", '"')
