"""The cross-entropy by noise level, as training sees it: what the time warp is fitted to."""

from __future__ import annotations

import torch
from torch import Tensor

from generators.diffusion.schedule import TimeWarp

_UNSEEN = -1.0


class LevelCurve:
    """An exponential mean for each bin of t/T.

    What is noted stays on its device until it is asked for, so that a training on a GPU does not wait for each step.
    """

    def __init__(self, values: list[float] | None = None) -> None:
        self._values = values or [_UNSEEN] * TimeWarp.bins()
        self._unread: list[tuple[Tensor, Tensor, Tensor | None]] = []

    def note(self, level_B: Tensor, cross_entropy_B: Tensor, counts_B: Tensor | None) -> None:
        """Take in a batch; ``counts_B`` says which rows count, where not all do."""
        self._unread.append((level_B, cross_entropy_B, counts_B))

    @property
    def values(self) -> list[float]:
        """The mean of each bin, oldest batch first; -1 where none was seen."""
        for level_B, cross_entropy_B, counts_B in self._unread:
            rows = torch.stack([level_B, cross_entropy_B], 1).cpu()
            for level, value in rows[slice(None) if counts_B is None else counts_B.cpu()].tolist():
                i = min(int(level * len(self._values)), len(self._values) - 1)
                before = self._values[i]
                self._values[i] = value if before < 0 else 0.97 * before + 0.03 * value
        self._unread.clear()
        return self._values
