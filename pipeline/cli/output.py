"""How commands print: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.display.terminal import printable

if TYPE_CHECKING:
    from pipeline.display.text_table import TextTable

_UNFOLDED = 1_000  # characters, more than a line of a table has


def stdout() -> Console:
    """Where results go; lines are not folded, so that they can be copied and searched."""
    return Console(file=sys.stdout, soft_wrap=True, highlight=False, markup=False, emoji=False)


def program() -> str:
    """How this program is called from here, for commands that a person can copy."""
    if shutil.which("repairgen"):
        return "repairgen"
    python, here = Path(sys.executable), Path.cwd()
    return f"{python.relative_to(here) if python.is_relative_to(here) else python} -m pipeline"


def print_json(value: Any) -> None:
    """One JSON value on one line."""
    print(json.dumps(value))


def complain(text: str) -> None:
    """One line on stderr."""
    print(f"repairgen: {printable(' '.join(text.split()))}", file=sys.stderr)


def tell(line: str) -> None:
    """A line of progress, on stderr."""
    print(printable(line), file=sys.stderr, flush=True)


def silent(line: str) -> None:
    """Nothing: what ``tell`` is with --json."""


def ledger_table(ledger: Mapping[str, Any]) -> Table:
    """What became of every sampled row, with shares."""
    return counts_table(
        "sampled rows",
        int(ledger["sampled"]),
        {
            "written": int(ledger["written"]),
            **{f"{part}: {reason}": n for part in ("rejected", "failed") for reason, n in ledger[part].items()},
        },
    )


def print_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Text in columns, the first to the left, the others to the right; folded on a terminal, never in a pipe."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for i, column in enumerate(head):
        table.add_column(column, justify="right" if i else "left")
    for row in rows:
        table.add_row(*row)
    console = stdout()
    if not console.is_terminal:
        console.width = _UNFOLDED
    console.print(table)


def print_tables(tables: Iterable[TextTable]) -> None:
    """Each under its title, a blank line behind it."""
    console = stdout()
    for table in tables:
        console.print(table.title, style="bold")
        print_table(table.head, table.rows)
        console.print()


def counts_table(title: str, total: int, counts: Mapping[str, int]) -> Table:
    """Counts with their share of a total, in the given order."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(title)
    table.add_column(f"{total:,}", justify="right")
    table.add_column("100%" if total else "", justify="right")
    for name, count in counts.items():
        table.add_row(name, f"{count:,}", f"{count / total:.1%}")
    return table


def print_blocks(console: Console, blocks: Iterable[Iterable[Text]]) -> None:
    """Groups of lines with a blank line between them."""
    for number, block in enumerate(blocks):
        if number:
            console.print()
        for line in block:
            console.print(line)
