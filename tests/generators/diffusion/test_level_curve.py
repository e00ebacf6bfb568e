"""The cross-entropy by noise level."""

from __future__ import annotations

import pytest
import torch

from generators.diffusion.level_curve import LevelCurve
from generators.diffusion.schedule import TimeWarp

BINS = TimeWarp.bins()


def test_what_was_not_seen_is_marked() -> None:
    assert LevelCurve().values == [-1.0] * BINS


def test_each_bin_holds_the_exponential_mean_of_its_levels_in_order() -> None:
    curve = LevelCurve()
    curve.note(torch.tensor([0.0, 0.01, 1.0]), torch.tensor([1.0, 2.0, 5.0]), None)
    curve.note(torch.tensor([0.02]), torch.tensor([3.0]), None)
    first = 0.97 * (0.97 * 1.0 + 0.03 * 2.0) + 0.03 * 3.0
    assert curve.values == pytest.approx([first, *[-1.0] * (BINS - 2), 5.0])


def test_rows_that_do_not_count_leave_no_trace() -> None:
    curve = LevelCurve()
    curve.note(torch.tensor([0.5, 0.0]), torch.tensor([1.0, 2.0]), torch.tensor([False, True]))
    assert [value for value in curve.values if value >= 0] == [2.0]


def test_when_it_is_read_changes_nothing() -> None:
    rng = torch.Generator().manual_seed(0)
    batches = [(torch.rand(8, generator=rng), torch.rand(8, generator=rng)) for _ in range(9)]
    late, often = LevelCurve(), LevelCurve()
    for levels, values in batches:
        late.note(levels, values, None)
        often.note(levels, values, None)
        often = LevelCurve(list(often.values))  # as after a resume
    assert late.values == often.values
