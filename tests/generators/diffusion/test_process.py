"""Noise and the ways through it, against numbers that were worked out apart from this code, in plain arithmetic."""

from __future__ import annotations

from typing import get_args

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from generators.diffusion.config import ScheduleName
from generators.diffusion.process import NoiseProcess

SQRT = NoiseProcess("sqrt")
LEVELS = torch.tensor([[0.25, 0.81]])  # one row of two tokens, each with its own level
NEXT = torch.tensor([[0.16, 0.64]])
X0 = torch.tensor([[[1.0, -2.0], [3.0, 0.5]]])
NOISE = torch.tensor([[[0.5, 1.0], [-1.0, 2.0]]])
XT = torch.tensor([[[1.060625, -0.706895], [-0.000293, 2.055495]]])
ESTIMATE = torch.tensor([[[0.8, -1.5], [2.0, 1.0]]])
FRESH = torch.tensor([[[-0.3, 0.7], [1.2, -0.4]]])

level = st.floats(0, 1)


def close(found: Tensor, expected: Tensor, tolerance: float = 2e-6) -> None:
    torch.testing.assert_close(found, expected, atol=tolerance, rtol=tolerance)


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    ("schedule", "shares"),
    [
        ("sqrt", [0.683614, 0.4999, 0.292823, 0.105517]),
        ("cosine", [0.975528, 0.853553, 0.5, 0.095492]),
        ("linear", [0.900775, 0.530267, 0.081065, 0.001648]),
        ("logsnr", [0.998341, 0.982014, 0.5, 0.008163]),
    ],
)
def test_the_share_of_the_signal_is_that_of_the_schedule_for_every_token(
    schedule: ScheduleName, shares: list[float]
) -> None:
    found = NoiseProcess(schedule).alpha_bar(torch.tensor([[0.1, 0.25], [0.5, 0.8]]))
    close(found, torch.tensor(shares).view(2, 2, 1))


def test_levels_are_warped_before_the_schedule() -> None:
    process = NoiseProcess("sqrt")
    process.warp.knots.copy_(torch.linspace(0, 1, len(process.warp.knots)) ** 2)
    close(process.alpha_bar(torch.tensor([[0.5, 0.9]])), SQRT.alpha_bar(torch.tensor([[0.25, 0.81]])))
    close(process.add_noise(X0, torch.tensor([[0.5, 0.9]]), NOISE), XT)
    assert "warp.knots" in process.state_dict()  # a checkpoint keeps it


def test_tokens_are_noised_each_to_its_own_level() -> None:
    close(SQRT.alpha_bar(LEVELS), torch.tensor([[[0.4999], [0.099944]]]))
    close(SQRT.add_noise(X0, LEVELS, NOISE), XT)


def test_a_level_for_the_row_is_that_level_for_each_token() -> None:
    x0, noise, xt = drawn(3, 4, 5), drawn(3, 4, 5, seed=1), drawn(3, 4, 5, seed=2)
    shared, following = torch.tensor([[0.3], [0.6], [1.0]]), torch.tensor([[0.2], [0.5], [0.9]])
    each, each_following = shared.expand(3, 4), following.expand(3, 4)
    assert torch.equal(SQRT.add_noise(x0, shared, noise), SQRT.add_noise(x0, each, noise))
    assert torch.equal(SQRT.predict_x0(xt, shared, noise), SQRT.predict_x0(xt, each, noise))
    assert torch.equal(SQRT.predict_noise(xt, shared, x0), SQRT.predict_noise(xt, each, x0))
    stepped = [SQRT.step(xt, x0, *levels, 0.5, noise) for levels in ((shared, following), (each, each_following))]
    assert torch.equal(*stepped)


@given(levels=st.lists(level, min_size=3, max_size=3))
def test_what_a_token_becomes_does_not_depend_on_the_levels_beside_it(levels: list[float]) -> None:
    x0, noise = drawn(1, 3, 5), drawn(1, 3, 5, seed=1)
    mixed = SQRT.add_noise(x0, torch.tensor([levels]), noise)
    for place, own in enumerate(levels):
        assert torch.equal(mixed[:, place], SQRT.add_noise(x0, torch.tensor([[own]]), noise)[:, place])


def test_the_noise_of_an_estimate_is_that_which_makes_x_t_of_it() -> None:
    expected = torch.tensor([[[0.69996, 0.5001], [-0.66677, 1.833385]]])
    close(SQRT.predict_noise(XT, LEVELS, ESTIMATE), expected, 1e-5)
    close(SQRT.predict_noise(XT, LEVELS, X0), NOISE, 1e-5)
    close(SQRT.predict_x0(XT, LEVELS, NOISE), X0, 1e-5)
    close(SQRT.predict_x0(XT, LEVELS, expected), ESTIMATE, 1e-5)


@pytest.mark.parametrize("schedule", get_args(ScheduleName))
@given(own=level)
def test_predicting_the_noise_is_the_inverse_of_predicting_x0(schedule: ScheduleName, own: float) -> None:
    process, levels = NoiseProcess(schedule), torch.tensor([[own, 1 - own]])
    xt, other = drawn(1, 2, 5), drawn(1, 2, 5, seed=1)
    close(process.predict_x0(xt, levels, process.predict_noise(xt, levels, other)), other, 5e-3)
    close(process.predict_noise(xt, levels, process.predict_x0(xt, levels, other)), other, 5e-3)


def test_the_true_noise_gives_back_x0_and_close_to_pure_noise_less_of_it() -> None:
    levels = torch.tensor([[0.0, 0.1, 0.4, 0.7, 0.9, 1.0]])
    x0, noise = drawn(1, 6, 8), drawn(1, 6, 8, seed=1)
    signal = SQRT.alpha_bar(levels)
    shrunk = (signal / signal.clamp(min=0.01)).sqrt()
    assert shrunk.flatten()[:-1].tolist() == [1.0] * 5 and 0 < float(shrunk[0, -1]) < 0.1
    close(SQRT.predict_x0(SQRT.add_noise(x0, levels, noise), levels, noise), shrunk * x0, 1e-4)


def test_a_wrong_noise_is_never_multiplied_by_more_than_ten() -> None:
    levels = torch.linspace(0, 1, 50)[None]
    found = SQRT.predict_x0(torch.zeros(1, 50, 4), levels, torch.ones(1, 50, 4)).abs()
    assert 9 < float(found.max()) <= 10


@pytest.mark.parametrize(
    ("eta", "expected"),
    [
        (0.0, [[1.062376, -0.845434], [0.297887, 2.087037]]),
        (0.5, [[0.908173, -0.666421], [0.914467, 1.688441]]),
        (1.0, [[0.429846, -0.718986], [1.967642, 0.089359]]),
    ],
)
def test_a_step_takes_as_much_fresh_noise_as_eta_says(eta: float, expected: list[list[float]]) -> None:
    close(SQRT.step(XT, ESTIMATE, LEVELS, NEXT, eta, FRESH), torch.tensor([expected]), 1e-5)


@given(start=level, end=level)
def test_without_fresh_noise_a_step_with_the_true_x0_leads_to_the_same_noise_at_the_next_level(
    start: float, end: float
) -> None:
    x0, noise, unused = (drawn(1, 2, 5, seed=seed) for seed in range(3))
    levels, following = torch.tensor([[start, end]]), torch.tensor([[end, start]])
    stepped = SQRT.step(SQRT.add_noise(x0, levels, noise), x0, levels, following, 0.0, unused)
    close(stepped, SQRT.add_noise(x0, following, noise), 1e-4)


@given(start=level, end=level)
def test_with_fresh_noise_alone_a_step_forgets_x_t(start: float, end: float) -> None:
    x0, fresh, one, other = (drawn(1, 2, 5, seed=seed) for seed in range(4))
    levels, following = torch.tensor([[start]]), torch.tensor([[end]])
    stepped = SQRT.step(one, x0, levels, following, 1.0, fresh)
    assert torch.equal(stepped, SQRT.step(other, x0, levels, following, 1.0, fresh))
    close(stepped, SQRT.add_noise(x0, following, fresh))
