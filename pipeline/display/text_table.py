"""Tables whose cells are text, for terminals and Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

NONE = "-"


@dataclass(frozen=True)
class TextTable:
    """A table whose cells are text."""

    title: str
    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]

    def markdown(self) -> str:
        """The table in Markdown, without its title."""
        lines = [self.head, tuple("---" for _ in self.head), *self.rows]
        return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def share(value: Any) -> str:
    """An estimate with its interval, or a reported share, in percent."""
    if value is None:
        return NONE
    if isinstance(value, Mapping):
        return f"{value['value']:.1%} [{100 * value['low']:.1f}, {100 * value['high']:.1f}]"
    return f"{value:.1%}"
