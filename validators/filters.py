"""Which candidates become pairs, and what the record says of them.

A filter is a reason and a test that finds it. `FILTERS` is their order, the cheap ones first: a candidate that no
filter finds fault with is a pair. To add one, give it a reason in `schemas.reasons` and a place in the order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from schemas.ids import digest
from schemas.reasons import Reason
from validators.base import Language, Verdict
from validators.diff import TokenDiff, compare, significant, texts

_FIXED_SIDES = 4_096  # verdicts kept: several broken sides of one trajectory share a fixed side


@dataclass(frozen=True, slots=True, kw_only=True)
class PairRules:
    """What is asked of a pair; distances are in significant tokens."""

    min_distance: int = 1
    max_distance: int | None = None
    max_normalized_distance: float | None = None
    max_chars: int = 4_000
    require_broken_rejected: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedPair:
    """The record's columns that judging gives."""

    error_kind: str | None
    error_message: str | None
    error_line: int | None
    error_column: int | None
    token_edit_distance: int
    normalized_edit_distance: float
    edit_hunks: int
    edit_span: int
    sketch_hash: str


class Case:
    """Two texts before the filters; what costs time is computed when a filter first asks for it."""

    def __init__(
        self, broken: str, fixed: str, language: Language, rules: PairRules, accepts_fixed: Callable[[str], bool]
    ) -> None:
        self.broken = broken
        self.fixed = fixed
        self.language = language
        self.rules = rules
        self._accepts_fixed = accepts_fixed

    @cached_property
    def verdict(self) -> Verdict:
        """On the broken side."""
        return self.language.check(self.broken)

    @property
    def fixed_accepted(self) -> bool:
        """Whether the parser accepts the fixed side."""
        return self._accepts_fixed(self.fixed)

    @cached_property
    def differs_in_spaces_alone(self) -> bool:
        """Whether the significant tokens of both sides are the same."""
        before, after = self._significant
        return before == after

    @cached_property
    def diff(self) -> TokenDiff:
        """Between the significant tokens; where nothing but spaces differs, spaces count as tokens."""
        if not self.differs_in_spaces_alone:
            return compare(*self._significant)
        before, after = (texts(significant(self.language, code, spaces=True)) for code in (self.broken, self.fixed))
        return compare(before, after)

    @cached_property
    def _significant(self) -> tuple[list[str], list[str]]:
        before, after = (texts(significant(self.language, code)) for code in (self.broken, self.fixed))
        return before, after


@dataclass(frozen=True, slots=True)
class Filter:
    """A reason why a candidate is no pair, and the test that finds it."""

    reason: Reason
    finds: Callable[[Case], bool]


def is_empty(case: Case) -> bool:
    """A side is blank."""
    return not case.broken.strip() or not case.fixed.strip()


def is_too_long(case: Case) -> bool:
    """A side has more characters than the rules or the language allow."""
    return max(len(case.broken), len(case.fixed)) > min(case.rules.max_chars, case.language.max_chars)


def is_identical(case: Case) -> bool:
    """Both sides are the same text."""
    return case.broken == case.fixed


def differs_in_white_space_only(case: Case) -> bool:
    """Nothing but spaces differs, and the parser accepts both sides.

    If it refuses the broken one (``[Math]::Sqrt (9)``), the spaces are the mistake.
    """
    return case.verdict.accepted and case.differs_in_spaces_alone


def has_its_fixed_side_rejected(case: Case) -> bool:
    """The parser refuses the fixed side."""
    return not case.fixed_accepted


def has_its_broken_side_accepted(case: Case) -> bool:
    """The parser accepts the broken side, and the rules ask that it does not."""
    return case.rules.require_broken_rejected and case.verdict.accepted


def is_too_close(case: Case) -> bool:
    """The sides differ by fewer tokens than the rules ask for."""
    return case.diff.distance < case.rules.min_distance


def is_too_far(case: Case) -> bool:
    """The sides differ by more tokens, or a larger part of them, than the rules allow."""
    rules, limit = case.rules, case.rules.max_normalized_distance
    return (rules.max_distance is not None and case.diff.distance > rules.max_distance) or (
        limit is not None and case.diff.normalized > limit
    )


FILTERS = (
    Filter(Reason.EMPTY, is_empty),
    Filter(Reason.TOO_LONG, is_too_long),
    Filter(Reason.IDENTICAL, is_identical),
    Filter(Reason.WHITESPACE_ONLY, differs_in_white_space_only),
    Filter(Reason.FIXED_REJECTED, has_its_fixed_side_rejected),
    Filter(Reason.BROKEN_ACCEPTED, has_its_broken_side_accepted),
    Filter(Reason.TOO_CLOSE, is_too_close),
    Filter(Reason.TOO_FAR, is_too_far),
)


def reasons_behind(reason: Reason, filters: Sequence[Filter] = FILTERS) -> frozenset[Reason]:
    """The reasons of the filters that come after that of ``reason``, which a candidate they find has passed."""
    order = [each.reason for each in filters]
    return frozenset(order[order.index(reason) + 1 :])


class PairFilter:
    """Judges two texts: a pair with its columns, or the reason why it is none."""

    def __init__(self, language: Language, rules: PairRules, filters: Sequence[Filter] = FILTERS) -> None:
        self._language = language
        self._rules = rules
        self._filters = tuple(filters)
        self._accepts_fixed = lru_cache(_FIXED_SIDES)(lambda fixed: language.check(fixed).accepted)

    def __call__(self, broken: str, fixed: str) -> JudgedPair | Reason:
        """The reason of the first filter that finds fault, or the pair."""
        case = Case(broken, fixed, self._language, self._rules, self._accepts_fixed)
        for each in self._filters:
            if each.finds(case):
                return each.reason
        verdict, diff = case.verdict, case.diff
        return JudgedPair(
            error_kind=verdict.kind.value if verdict.kind else None,
            error_message=verdict.message,
            error_line=verdict.line,
            error_column=verdict.column,
            token_edit_distance=diff.distance,
            normalized_edit_distance=diff.normalized,
            edit_hunks=diff.hunks,
            edit_span=diff.span,
            sketch_hash=digest(self._language.name, self._language.sketch(fixed))[:16],
        )
