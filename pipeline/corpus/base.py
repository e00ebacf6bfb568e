"""What a corpus is, wherever its snippets lie."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol


class CorpusSource(Protocol):
    """Correct snippets, wherever they lie."""

    name: str  # short, for messages and the dataset card
    identity: str  # hash of the content, in hex

    def rows(self) -> Iterator[tuple[str, str | None]]:
        """Code and source of every snippet, in the same order on every call; neither parsed nor judged.

        Raises:
            RequestError: the content is damaged.
        """
        ...
