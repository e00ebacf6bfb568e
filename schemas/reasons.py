"""Every way in which a sampled row does not become a published pair."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why a row was rejected (the data says no) or failed (the machinery could not)."""

    IDENTICAL = "identical"  # broken and fixed are the same text
    WHITESPACE_ONLY = "whitespace_only"  # they differ in insignificant white space alone
    EMPTY = "empty"  # one side is empty or blank
    UNDECODABLE = "undecodable"  # the model's tokens give no text
    FIXED_REJECTED = "fixed_rejected"  # the parser refuses the fixed side
    BROKEN_ACCEPTED = "broken_accepted"  # the parser accepts the broken side
    TOO_CLOSE = "too_close"  # below the smallest token edit distance asked for
    TOO_FAR = "too_far"  # above the largest
    TOO_LONG = "too_long"  # a side exceeds the length limit
    DUPLICATE = "duplicate"  # the same pair stands earlier in the run
    BENCHMARK_OVERLAP = "benchmark_overlap"  # a side is in a benchmark file given for decontamination
    SURPLUS = "surplus"  # more pairs than were asked for; the first are kept
    NOT_APPLICABLE = "not_applicable"  # nothing in the snippet that the generator could break
    MALFORMED = "malformed"  # the reply does not follow the form that was asked for
    REFUSED = "refused"  # the service declined to answer
    REQUEST_FAILED = "request_failed"  # a remote generator gave no usable answer
    CRASHED = "crashed"  # handling this row failed; the row is isolated and recorded

    @property
    def failed(self) -> bool:
        """True where the machinery failed, False where the row was judged and rejected."""
        return self in (Reason.REQUEST_FAILED, Reason.CRASHED)
