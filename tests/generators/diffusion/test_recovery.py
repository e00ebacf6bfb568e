"""The recovery curve: how much of a snippet its own embeddings tell at each noise level."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from generators.checkpoints import CheckpointError
from generators.diffusion.config import SamplingConfig
from generators.diffusion.model import CodeDiffusion
from generators.diffusion.process import NoiseProcess
from generators.diffusion.recovery import (
    FILE,
    KNOTS,
    level_at,
    read_curve,
    recovery_at,
    recovery_curve,
    recovery_falls,
    write_curve,
)

Make = Callable[..., CodeDiffusion]


def falling(drops: list[float]) -> list[float]:
    curve = [1.0]
    for drop in (drops * KNOTS)[: KNOTS - 1]:
        curve.append(max(0.0, curve[-1] - drop))
    return curve


def test_a_snippet_is_whole_without_noise_and_gone_in_pure_noise(make_model: Make) -> None:
    curve = recovery_curve(make_model())
    assert len(curve) == KNOTS
    assert curve[0] > 0.99
    assert curve[-1] < 0.2
    assert curve == sorted(curve, reverse=True)
    assert curve == recovery_curve(make_model())


def test_wide_embeddings_can_be_read_at_more_noise(make_model: Make) -> None:
    """Facts of Gaussian noise: at the same level a wide embedding keeps what a narrow one loses."""
    narrow, wide = (recovery_curve(make_model(embedding_dim=width, unit_embeddings=False)) for width in (8, 128))
    assert recovery_at(wide, 0.5) > recovery_at(narrow, 0.5) + 0.3


def test_the_curve_follows_a_known_rate() -> None:
    """Two tokens at a distance of 2: the nearest is the right one as long as the noise stays on its side."""

    class Falling(NoiseProcess):
        def alpha_bar(self, level_BL: torch.Tensor) -> torch.Tensor:
            return (1 - 0.999 * level_BL)[..., None]

    class Two:
        process = Falling("linear")

        def embeddings(self) -> torch.Tensor:
            return torch.tensor([[1.0], [-1.0]])

    curve = recovery_curve(Two())  # type: ignore[arg-type]
    for level in (0.3, 0.5, 0.8):
        signal = 1 - 0.999 * level
        margin = torch.tensor((signal / (1 - signal)) ** 0.5)
        assert recovery_at(curve, level) == pytest.approx(float(torch.special.ndtr(margin)), abs=0.03)


@given(drops=st.lists(st.floats(0.001, 0.05), min_size=1, max_size=20), share=st.floats(0.05, 0.999))
def test_a_level_is_where_the_recovery_is_what_was_asked(drops: list[float], share: float) -> None:
    curve = falling(drops)
    level = level_at(curve, share)
    assert 0 <= level <= 1
    if level < 1:
        assert recovery_at(curve, level) == pytest.approx(share, abs=1e-6)


@given(drops=st.lists(st.floats(0, 0.05), min_size=1, max_size=20))
def test_less_recovery_is_never_at_less_noise(drops: list[float]) -> None:
    curve = falling(drops)
    levels = [level_at(curve, share / 20) for share in range(20, -1, -1)]
    assert levels == sorted(levels)


def test_a_timestep_weighs_what_the_recovery_falls_on_its_step() -> None:
    """Recovery 1, 0.8, 0.4, 0.4, 0 at t/T = 0, 1/4, ..."""
    curve = [1 - 0.8 * k / 100 if k <= 25 else 0.8 - 1.6 * (k - 25) / 100 if k <= 50 else 0.4 for k in range(KNOTS)]
    curve = [share if k <= 75 else 0.4 - 1.6 * (k - 75) / 100 for k, share in enumerate(curve)]
    sampling = SamplingConfig(steps=4, feedback="softmax")
    assert recovery_falls(curve, sampling, [1, 2, 3, 4]) == pytest.approx([0.2, 0.4, 0.0, 0.4])
    assert recovery_falls(curve, sampling, [4, 2]) == pytest.approx([0.4, 0.4])
    squared = sampling.model_copy(update={"time_power": 2.0})  # t/T = 0, 1/16, 1/4, 9/16, 1
    assert recovery_falls(curve, squared, [1, 2, 3, 4]) == pytest.approx([0.05, 0.15, 0.4, 0.4])


@given(drops=st.lists(st.floats(0, 0.05), min_size=1, max_size=20), steps=st.integers(1, 30))
def test_weights_are_never_negative_and_add_up_to_all_that_is_lost(drops: list[float], steps: int) -> None:
    curve = falling(drops)
    weights = recovery_falls(curve, SamplingConfig(steps=steps, feedback="softmax"), range(1, steps + 1))
    assert min(weights) >= 0
    assert sum(weights) == pytest.approx(curve[0] - curve[-1])


def test_a_curve_is_read_as_it_was_written_and_made_anew_where_there_is_none(make_model: Make, tmp_path: Path) -> None:
    model = make_model()
    curve = recovery_curve(model)
    assert read_curve(tmp_path, model) == curve
    write_curve(tmp_path, curve)
    assert read_curve(tmp_path, model) == pytest.approx(curve, abs=1e-4)
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


@pytest.mark.parametrize("text", ["", "{}", "[1, 2]", "[0.5]", '["x"]', "null"])
def test_a_damaged_curve_is_named(make_model: Make, tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(CheckpointError, match=rf"{FILE} (is damaged|does not hold).*delete it"):
        read_curve(tmp_path, make_model())
