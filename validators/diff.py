"""The difference of two snippets in significant tokens: Levenshtein with unit costs, by rapidfuzz."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

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


def significant(language: Language, code: str) -> list[Token]:
    """The tokens that count: all but spaces. Indentation and line ends count where a language has them."""
    return [t for t in language.tokens(code) if t.kind is not TokenKind.SPACE]


def token_distance(broken: Sequence[str], fixed: Sequence[str], limit: int | None = None) -> int:
    """Levenshtein distance of two token lists; above ``limit``, ``limit + 1``."""
    left, right = _letters(broken, fixed)
    return Levenshtein.distance(left, right, score_cutoff=limit)


def token_diff(language: Language, broken: str, fixed: str) -> TokenDiff:
    """Distance, hunks and span of two snippets.

    Positions are on the fixed side; an insertion into the broken side has the index of the token that follows it.
    """
    a = [t.text for t in significant(language, broken)]
    b = [t.text for t in significant(language, fixed)]
    operations = Levenshtein.editops(*_letters(a, b))
    distance = len(operations)
    # each edit as the stretch of the fixed side that it covers: a deletion covers none
    places = [(dest, dest if tag == "delete" else dest + 1) for tag, _, dest in operations.as_list()]
    hunks = sum(i == 0 or places[i][0] > places[i - 1][1] for i in range(distance))
    span = places[-1][0] - places[0][0] if places else 0
    return TokenDiff(distance, distance / max(len(a), len(b), 1), hunks, span)


def edits(language: Language, broken: str, fixed: str) -> list[Edit]:
    """The way from broken to fixed as runs of tokens, spaces left out; for people to look at."""
    a, b = significant(language, broken), significant(language, fixed)
    codes = Levenshtein.opcodes(*_letters([t.text for t in a], [t.text for t in b]))
    return [Edit(tag, tuple(a[i:j]), tuple(b[k:m])) for tag, i, j, k, m in codes.as_list()]


def _letters(broken: Sequence[str], fixed: Sequence[str]) -> tuple[str, str]:
    """One character for each distinct token: rapidfuzz is fastest on strings."""
    letter: dict[str, str] = {}
    texts = ["".join(letter.setdefault(t, chr(len(letter) + 1)) for t in side) for side in (broken, fixed)]
    return texts[0], texts[1]
