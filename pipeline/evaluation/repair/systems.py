"""Systems that propose repairs for the problems of a benchmark."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pipeline.benchmarks.benchmark import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """One candidate of a system for one problem."""

    text: str | None  # None: nothing that can be read came out
    sample: int = 0  # from 0, in the system's order; of one level where there are levels
    level: float | None = None  # t/T of the noise that was injected; None where a system has no levels


class System(Protocol):
    """Anything that repairs."""

    name: str
    failed: int  # requests that failed for good in `propose`, and may do better in another: its proposals are not kept
    independent: bool  # whether the proposals for a problem depend on no other, so that those for a part can be kept

    @property
    def identity(self) -> dict[str, Any]:
        """What its proposals depend on: hashes, settings, seed; goes into every result."""
        ...

    def propose(self, problems: Sequence[Problem]) -> Iterator[list[Proposal]]:
        """The proposals for each problem, in the order of the problems; an empty list where it can say nothing."""
        ...
