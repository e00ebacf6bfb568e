"""Noise schedules and the warp of time."""

from __future__ import annotations

from typing import get_args

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from generators.diffusion.config import ScheduleName
from generators.diffusion.schedule import TimeWarp, alpha_bar

GRID = torch.linspace(0, 1, 1001)
BINS = TimeWarp.bins()


@pytest.mark.parametrize("schedule", get_args(ScheduleName))
def test_signal_share_falls_from_almost_one_to_almost_zero(schedule: ScheduleName) -> None:
    share = alpha_bar(GRID, schedule)
    assert bool((share.diff() <= 0).all())
    assert 0.98 < float(share[0]) < 1
    assert 0 < float(share[-1]) < 0.01


@pytest.mark.parametrize(("level", "golden"), [(0.05, 0.776), (0.1, 0.684), (0.5, 0.293), (0.9, 0.051)])
def test_sqrt_schedule_has_its_golden_values(level: float, golden: float) -> None:
    assert float(alpha_bar(torch.tensor(level), "sqrt")) == pytest.approx(golden, abs=1e-3)


def test_fresh_warp_is_the_identity() -> None:
    torch.testing.assert_close(TimeWarp()(GRID), GRID)


@given(st.lists(st.lists(st.floats(0, 20), min_size=BINS, max_size=BINS), min_size=1, max_size=4))
def test_warp_stays_a_monotone_map_of_the_unit_interval_onto_itself(curves: list[list[float]]) -> None:
    warp = TimeWarp()
    for curve in curves:
        warp.refit(torch.tensor(curve))
    warped = warp(GRID)
    assert float(warped[0]) == 0
    assert float(warped[-1]) == 1
    assert bool((warped.diff() >= -1e-6).all())


def cross_entropy(level: Tensor) -> Tensor:
    """A convex curve: hardly anything is lost until late."""
    return 5 * level**4


CENTRES = (torch.arange(BINS) + 0.5) / BINS


def test_refits_make_a_convex_cross_entropy_linear_but_for_the_fifth_that_is_spread_evenly() -> None:
    warp = TimeWarp()
    deviations = []
    for _ in range(5):
        curve = cross_entropy(warp(GRID)) / cross_entropy(GRID[-1])
        time = 0.8 * curve + 0.2 * warp(GRID)
        deviations.append(float((time - GRID).abs().max()))
        warp.refit(cross_entropy(warp(CENTRES)))
    assert deviations[0] > 0.3
    assert max(deviations[1:]) < 0.03


def test_what_is_lost_without_noise_takes_no_time() -> None:
    plain, offset = TimeWarp(), TimeWarp()
    for _ in range(5):
        plain.refit(cross_entropy(plain(CENTRES)))
        offset.refit(cross_entropy(offset(CENTRES)) + 0.5)
    torch.testing.assert_close(offset.knots, plain.knots, atol=1e-4, rtol=0)


@given(st.lists(st.lists(st.floats(0, 20), min_size=BINS, max_size=BINS), min_size=1, max_size=30))
def test_no_noise_level_is_starved_however_often_the_warp_is_refitted(curves: list[list[float]]) -> None:
    warp = TimeWarp()
    for curve in curves:
        warp.refit(torch.tensor(curve))
    knots = len(warp.knots) - 1
    assert float(warp.knots.diff().max()) <= 5.01 / knots  # a fifth of the time is spread evenly


def test_refit_follows_the_warp_to_its_device() -> None:
    warp = TimeWarp().to("meta")  # like a GPU, it refuses to mix with the CPU
    warp.refit(torch.ones(BINS))
    assert warp.knots.device.type == "meta"
