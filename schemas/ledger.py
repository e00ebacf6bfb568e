"""The ledger: every sampled row is written, rejected or failed, and the books must close."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from schemas.errors import RunError
from schemas.reasons import Reason


class LedgerError(RunError):
    """The books do not close: rows are missing or counted twice. Nothing is published."""


class Ledger:
    """Counts of a shard or of a run: sampled = written + rejected by reason + failed by reason."""

    def __init__(self, sampled: int = 0, written: int = 0, reasons: Mapping[Reason, int] | None = None) -> None:
        self.sampled = sampled
        self.written = written
        self.reasons: Counter[Reason] = Counter(reasons or {})

    def write(self) -> None:
        """Count a row that became a pair."""
        self.sampled += 1
        self.written += 1

    def drop(self, reason: Reason) -> None:
        """Count a row that did not."""
        self.sampled += 1
        self.reasons[reason] += 1

    def withdraw(self, reason: Reason) -> None:
        """A row that was written is dropped after all, as publishing does with duplicates."""
        self.written -= 1
        self.reasons[reason] += 1

    @property
    def rejected(self) -> dict[str, int]:
        """Rows judged and rejected, by reason."""
        return {r.value: n for r, n in sorted(self.reasons.items()) if n and not r.failed}

    @property
    def failed(self) -> dict[str, int]:
        """Rows that the machinery lost, by reason."""
        return {r.value: n for r, n in sorted(self.reasons.items()) if n and r.failed}

    def check(self, sampled: int | None = None) -> None:
        """Make sure that the books close.

        Args:
            sampled: the rows that were planned, where that is known.

        Raises:
            LedgerError: they do not; the message gives the counts.
        """
        total = self.written + sum(self.reasons.values())
        planned = self.sampled if sampled is None else sampled
        if not planned == self.sampled == total or min(self.written, *self.reasons.values(), 0) < 0:
            raise LedgerError(
                f"planned {planned} rows, sampled {self.sampled}, but written {self.written} + rejected and failed "
                f"{sum(self.reasons.values())} = {total}: delete the run's .work folder and run again"
            )

    def __add__(self, other: Ledger) -> Ledger:
        return Ledger(self.sampled + other.sampled, self.written + other.written, self.reasons + other.reasons)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ledger) and self.to_dict() == other.to_dict()

    @classmethod
    def total(cls, ledgers: Iterable[Ledger]) -> Ledger:
        """The sum of the ledgers of all shards."""
        result = cls()
        for ledger in ledgers:
            result = result + ledger
        return result

    def to_dict(self) -> dict[str, object]:
        """For receipts and manifests."""
        return {"sampled": self.sampled, "written": self.written, "rejected": self.rejected, "failed": self.failed}

    @classmethod
    def from_dict(cls, value: Mapping[str, object]) -> Ledger:
        """The inverse of `to_dict`.

        Raises:
            LedgerError: a field is missing or of the wrong type, or a reason is unknown.
        """
        try:
            reasons = {Reason(k): int(n) for part in ("rejected", "failed") for k, n in dict(value[part]).items()}  # type: ignore[call-overload]
            return cls(int(value["sampled"]), int(value["written"]), reasons)  # type: ignore[call-overload]
        except (KeyError, TypeError, ValueError) as error:
            message = f"a ledger cannot be read ({error}): delete the run's .work folder and run again"
            raise LedgerError(message) from error
