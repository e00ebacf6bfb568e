"""What a run says of itself while it works: a live bar on a terminal, plain lines in a job's log, nothing with --json.

Everything goes to stderr; stdout is for results.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from schemas.ledger import Ledger

if TYPE_CHECKING:
    from schemas.manifest import Receipt

Clock = Callable[[], float]  # seconds


class Report(Protocol):
    """What a run tells."""

    def shard_done(self, receipt: Receipt, prefix_pairs: int, target: int) -> None:
        """A shard is finished; ``prefix_pairs`` distinct pairs of ``target`` can be published so far."""
        ...

    def message(self, text: str) -> None:
        """Something that a person wants to know, a line."""
        ...


class SilentReport:
    """Says nothing."""

    def shard_done(self, receipt: Receipt, prefix_pairs: int, target: int) -> None:
        """Nothing."""

    def message(self, text: str) -> None:
        """Nothing."""


class Tally:
    """The figures of a run under way, from the shards that this process saw finish."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self.pairs = 0
        self.target = 0
        self._ledger = Ledger()
        self._clock = clock
        self._started = clock()
        self._first: tuple[float, int] | None = None  # when the first shard came in, and with how many pairs

    def add(self, receipt: Receipt, prefix_pairs: int, target: int) -> None:
        """Count a finished shard."""
        self._ledger = self._ledger + Ledger.from_dict(receipt.ledger)
        self.pairs, self.target = prefix_pairs, target
        self._first = self._first or (self._clock(), prefix_pairs)

    def line(self) -> str:
        """Rows and pairs, duplicates included, by time; what passed, the most frequent reasons against, time left."""
        rows = self._ledger.sampled
        seconds = self._clock() - self._started
        parts = [f"{rows:,} rows" + (f" at {rows / seconds:,.0f}/s" if seconds > 0 else "")]
        if rows:
            if seconds > 0:
                parts.append(f"{60 * self._ledger.written / seconds:,.0f} pairs a minute")
            parts.append(f"passed {self._ledger.written / rows:.1%}")
            parts += [f"{reason.value} {n / rows:.1%}" for reason, n in self._ledger.reasons.most_common(3)]
        return ", ".join(parts + self._time_left())

    def _time_left(self) -> list[str]:
        """At the speed since the first shard: before it the model was loaded and workers were started."""
        if self._first is None or self.pairs >= self.target:
            return []
        when, pairs = self._first
        seconds, gained = self._clock() - when, self.pairs - pairs
        return [f"about {duration(seconds * (self.target - self.pairs) / gained)} left"] if gained else []


def duration(seconds: float) -> str:
    """A length of time to two digits or so."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"


class PlainReport:
    """Lines in a log, not more often than every so many seconds."""

    def __init__(self, console: Console, every: float = 10.0, clock: Clock = time.monotonic) -> None:
        self._console = console
        self._every = every
        self._clock = clock
        self._tally = Tally(clock)
        self._last: float | None = None

    def shard_done(self, receipt: Receipt, prefix_pairs: int, target: int) -> None:
        """A line, unless one was just written; the shard that completes the run always gets one."""
        self._tally.add(receipt, prefix_pairs, target)
        now = self._clock()
        if self._last is None or now - self._last >= self._every or prefix_pairs >= target:
            self._last = now
            self.message(f"{min(prefix_pairs, target):,} of {target:,} pairs: {self._tally.line()}")

    def message(self, text: str) -> None:
        """The line."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


class LiveReport:
    """A bar of pairs with the figures under it."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._tally = Tally()
        live.update(Text("waiting for the first shard ..."))

    def shard_done(self, receipt: Receipt, prefix_pairs: int, target: int) -> None:
        """Move the bar."""
        self._tally.add(receipt, prefix_pairs, target)
        done = min(prefix_pairs, target)
        bar = Table.grid(padding=(0, 1))
        bar.add_row(ProgressBar(total=target, completed=done, width=40), f"{done:,} of {target:,} pairs")
        self._live.update(Group(bar, Text(self._tally.line())))

    def message(self, text: str) -> None:
        """A line above the bar."""
        self._live.console.print(text, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def open_report(*, silent: bool = False, console: Console | None = None) -> Iterator[Report]:
    """The report that suits where stderr goes, for the length of the block."""
    if silent:
        yield SilentReport()
        return
    console = console or Console(file=sys.stderr)
    if not console.is_terminal:
        yield PlainReport(console)
        return
    with Live(console=console, transient=True) as live:
        yield LiveReport(live)
