"""The difference of two snippets in significant tokens: Levenshtein with unit costs, by rapidfuzz.

Of the shortest ways from one side to the other rapidfuzz's is taken; positions are on the fixed side, where an
insertion into the broken side has the index of the token that follows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

from rapidfuzz.distance import Levenshtein

from validators.base import Language, Token, TokenKind

Operation = Literal["equal", "replace", "delete", "insert"]


@dataclass(frozen=True, slots=True)
class Edit:
    """A run of tokens that stayed, or that became others, on the way from broken to fixed."""

    operation: Operation
    broken: tuple[Token, ...]
    fixed: tuple[Token, ...]


@dataclass(frozen=True, slots=True)
class TokenDiff:
    """How far two snippets are apart."""

    distance: int  # edits of one token
    normalized: float  # divided by the longer side's tokens
    hunks: int  # groups of neighbouring edits on the fixed side
    span: int  # tokens between the first and the last edit on the fixed side; 0 for one place


def significant(language: Language, code: str, *, spaces: bool = False) -> list[Token]:
    """The tokens that count: all but spaces, blank lines, and line breaks before the first and after the last.

    Indentation, line breaks and comments count where a language has them. ``spaces`` keeps spaces as well.
    """
    kept: list[Token] = []
    for token in language.tokens(code):
        if token.kind is TokenKind.SPACE and not spaces:
            continue
        if token.kind is TokenKind.NEWLINE and (not kept or kept[-1].kind is TokenKind.NEWLINE):
            continue
        kept.append(token)
    if kept and kept[-1].kind is TokenKind.NEWLINE:
        kept.pop()
    return kept


def texts(tokens: Sequence[Token]) -> list[str]:
    """What of tokens is compared: their texts, with all line breaks alike."""
    return ["\n" if token.kind is TokenKind.NEWLINE else token.text for token in tokens]


def token_distance(broken: Sequence[str], fixed: Sequence[str], limit: int | None = None) -> int:
    """Levenshtein distance of two token lists; above ``limit``, ``limit + 1``."""
    left, right = _letters(broken, fixed)
    return Levenshtein.distance(left, right, score_cutoff=limit)


def token_diff(language: Language, broken: str, fixed: str) -> TokenDiff:
    """How far two snippets are apart in `significant` tokens."""
    return compare(texts(significant(language, broken)), texts(significant(language, fixed)))


def compare(broken: Sequence[str], fixed: Sequence[str]) -> TokenDiff:
    """How far two token lists are apart."""
    operations = Levenshtein.editops(*_letters(broken, fixed))
    # each edit as the stretch of the fixed side that it covers: what is deleted covers none
    places = [(edit.dest_pos, edit.dest_pos + (edit.tag != "delete")) for edit in operations]
    hunks = sum(not i or start > places[i - 1][1] for i, (start, _) in enumerate(places))
    span = places[-1][0] - places[0][0] if places else 0
    return TokenDiff(len(places), len(places) / max(len(broken), len(fixed), 1), hunks, span)


def edits(language: Language, broken: str, fixed: str) -> list[Edit]:
    """The way from broken to fixed as runs of tokens, spaces left out; for people to look at."""
    a, b = significant(language, broken), significant(language, fixed)
    return [
        Edit(cast(Operation, op.tag), tuple(a[op.src_start : op.src_end]), tuple(b[op.dest_start : op.dest_end]))
        for op in Levenshtein.opcodes(*_letters(texts(a), texts(b)))
    ]


def _letters(broken: Sequence[str], fixed: Sequence[str]) -> tuple[str, str]:
    """One character for each distinct token: rapidfuzz is fastest on strings."""
    letter: dict[str, str] = {}
    sides = ["".join(letter.setdefault(text, chr(len(letter) + 1)) for text in side) for side in (broken, fixed)]
    return sides[0], sides[1]
