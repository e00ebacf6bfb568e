"""Which candidates become pairs, and what the record says of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from schemas.ids import digest
from schemas.reasons import Reason
from validators.base import Language
from validators.diff import compare, significant, texts

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


class PairFilter:
    """Judges two texts: a pair with its columns, or the reason why it is none."""

    def __init__(self, language: Language, rules: PairRules) -> None:
        self._language = language
        self._rules = rules
        self._fixed_accepted = lru_cache(_FIXED_SIDES)(lambda fixed: language.check(fixed).accepted)

    def __call__(self, broken: str, fixed: str) -> JudgedPair | Reason:
        """The cheap tests first.

        Where nothing but spaces differs, they are insignificant if the parser takes both sides. If it refuses
        the broken one (``[Math]::Sqrt (9)``), they are the mistake, and count as tokens in the distance.
        """
        rules, language = self._rules, self._language
        if not broken.strip() or not fixed.strip():
            return Reason.EMPTY
        if max(len(broken), len(fixed)) > min(rules.max_chars, language.max_chars):
            return Reason.TOO_LONG
        if broken == fixed:
            return Reason.IDENTICAL
        verdict = language.check(broken)
        before, after = (texts(significant(language, code)) for code in (broken, fixed))
        if before == after:
            if verdict.accepted:
                return Reason.WHITESPACE_ONLY
            before, after = (texts(significant(language, code, spaces=True)) for code in (broken, fixed))
        if not self._fixed_accepted(fixed):
            return Reason.FIXED_REJECTED
        if verdict.accepted and rules.require_broken_rejected:
            return Reason.BROKEN_ACCEPTED
        diff = compare(before, after)
        if diff.distance < rules.min_distance:
            return Reason.TOO_CLOSE
        limit = rules.max_normalized_distance
        if (rules.max_distance is not None and diff.distance > rules.max_distance) or (
            limit is not None and diff.normalized > limit
        ):
            return Reason.TOO_FAR
        return JudgedPair(
            error_kind=verdict.kind.value if verdict.kind else None, error_message=verdict.message,
            error_line=verdict.line, error_column=verdict.column, token_edit_distance=diff.distance,
            normalized_edit_distance=diff.normalized, edit_hunks=diff.hunks, edit_span=diff.span,
            sketch_hash=digest(language.name, language.sketch(fixed))[:16],
        )  # fmt: skip
