"""What people and generators do to code, as histograms: the types of the edits, and how far two histograms are apart.

An edit is one place of the token difference, `CLASS OF THE BROKEN TOKEN>CLASS OF THE FIXED TOKEN`, with `-` where a
side has no token: `)>-` is a bracket too many, `->,` a separator that is missing. The class of a bracket, an operator,
a separator or a keyword is its text, that of any other token its kind. A run of more than six edits is one edit of the
type `long`. A pair counts 1, however many edits it has.

The name `-` is also the operator's: `->(` may be a minus that became a bracket. That is rare.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

from validators.base import Language, Token, TokenKind
from validators.diff import edits, significant, texts

NONE = "-"
LONG = "long"

_LONGEST_RUN = 6  # edits in a row that are looked at one by one
_BY_TEXT = {TokenKind.BRACKET, TokenKind.OPERATOR, TokenKind.SEPARATOR, TokenKind.KEYWORD}

Histogram = Mapping[str, float]  # share by edit type; the shares sum to 1


@dataclass(frozen=True, slots=True)
class PairEdits:
    """What was done to the fixed side of a pair, or has to be done to its broken side."""

    types: Mapping[str, int]  # edits by type
    distance: int  # edits of one token

    @property
    def shares(self) -> dict[str, float]:
        """The part of each type; they sum to 1. Empty where the sides do not differ."""
        total = sum(self.types.values())
        return {name: count / total for name, count in self.types.items()}


def pair_edits(language: Language, broken: str, fixed: str) -> PairEdits:
    """The edits between the two sides of a pair.

    Where nothing but spaces differs, spaces are the tokens that are edited, as in `validators.filters.PairFilter`.
    There is no edit where the sides are alike but for blank lines, and line breaks at their ends.
    """
    types: Counter[str] = Counter()
    distance = 0
    for before, after in _changes(language, broken, fixed):
        length = max(len(before), len(after))
        distance += length
        if length > _LONGEST_RUN:
            types[LONG] += 1
        else:
            types.update(f"{_class(before, place)}>{_class(after, place)}" for place in range(length))
    return PairEdits(types, distance)


def histogram(pairs: Iterable[PairEdits]) -> dict[str, float]:
    """The share of each edit type, the most frequent first; pairs without an edit do not count. Empty if none has one.

    The shares sum to 1.
    """
    total: dict[str, float] = defaultdict(float)
    counted = 0
    for pair in pairs:
        for name, share in pair.shares.items():
            total[name] += share
        counted += bool(pair.types)
    return {name: share / counted for name, share in sorted(total.items(), key=lambda item: (-item[1], item[0]))}


def divergence(first: Histogram, second: Histogram) -> float:
    """Jensen-Shannon divergence to base 2: 0 of equal histograms, 1 of such as have no type in common.

    The fewer pairs two histograms are of, the farther they are apart by chance: compare figures of equal numbers.

    Raises:
        ValueError: a histogram is empty, so that there is nothing to compare.
    """
    if not first or not second:
        raise ValueError("a histogram without edit types is at no distance from another")
    total = math.fsum([*_terms(first, second), *_terms(second, first)])  # in whatever order: the same sum
    return min(1.0, max(0.0, total))  # rounding may leave it


def _terms(own: Histogram, other: Histogram) -> Iterator[float]:
    """Half of the relative entropy of a histogram, seen from the mean of both."""
    for name, share in own.items():
        if share:
            yield share * math.log2(2 * share / (share + other.get(name, 0.0))) / 2


def _changes(language: Language, broken: str, fixed: str) -> Iterator[tuple[Sequence[Token], Sequence[Token]]]:
    """The runs of tokens that became others, on both sides."""
    changed = [(edit.broken, edit.fixed) for edit in edits(language, broken, fixed) if edit.operation != "equal"]
    if changed:
        yield from changed
        return
    before, after = (significant(language, code, spaces=True) for code in (broken, fixed))
    for run in Levenshtein.opcodes(texts(before), texts(after)):
        if run.tag != "equal":
            yield before[run.src_start : run.src_end], after[run.dest_start : run.dest_end]


def _class(tokens: Sequence[Token], place: int) -> str:
    if place >= len(tokens):
        return NONE
    token = tokens[place]
    # what no lexer knows is its own class as a single character; a longer one is a stretch of somebody's text
    by_text = token.kind in _BY_TEXT or (token.kind is TokenKind.OTHER and len(token.text) == 1)
    return token.text if by_text else token.kind.value
