"""Tokens that are given to the reverse process: held exactly, at every step and in all that the model is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import pytest
import torch
from torch import Tensor

from generators.diffusion.config import Feedback, SamplingConfig
from generators.diffusion.model import CodeDiffusion
from generators.diffusion.sampler import Given, RowNoise, Step, reverse_diffusion

LENGTH, WIDTH, ROWS = 8, 8, 3
FEEDBACKS = get_args(Feedback)
OPEN = torch.tensor([[0, 0, 1, 1, 0, 0, 0, 0], [1] * 8, [0, 0, 0, 0, 0, 0, 0, 1]]).bool()  # where noise stands

Make = Callable[..., CodeDiffusion]


def settings(**changes: object) -> SamplingConfig:
    return SamplingConfig(**({"steps": 5, "feedback": "softmax"} | changes))  # type: ignore[arg-type]


def noise(rows: int = ROWS) -> RowNoise:
    return RowNoise([7, 8, 9][:rows], LENGTH, WIDTH, torch.device("cpu"))


def canvas(model: CodeDiffusion, elsewhere: float = 0.0) -> Given:
    """Some tokens of each row, all but the second's; ``elsewhere`` is what stands at the others."""
    tokens = torch.randint(len(model.embeddings()), (ROWS, LENGTH), generator=torch.Generator().manual_seed(3))
    x0 = model.embeddings().detach()[tokens]
    return Given(~OPEN, torch.where(OPEN[..., None], torch.full_like(x0, elsewhere), x0))


def run(model: CodeDiffusion, sampling: SamplingConfig, given: Given | None) -> list[Step]:
    drawn = noise()
    return list(reverse_diffusion(model, drawn(), drawn, sampling, given=given))


@pytest.mark.parametrize("feedback", FEEDBACKS)
@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("steps", [0, 1, 5])
def test_given_tokens_are_exactly_themselves_at_every_step(
    make_model: Make, feedback: Feedback, eta: float, steps: int
) -> None:
    model = make_model()
    given = canvas(model)
    found = run(model, settings(feedback=feedback, eta=eta, steps=steps), given)
    assert [step.t for step in found] == list(range(steps, -1, -1))
    for step in found:
        assert torch.equal(step.x_BLE[~OPEN], given.x0_BLE[~OPEN])
        assert torch.equal(step.x0_BLE[~OPEN], given.x0_BLE[~OPEN])
        assert not torch.isclose(step.x_BLE[OPEN], given.x0_BLE[OPEN]).all(-1).any()


@pytest.mark.parametrize("feedback", FEEDBACKS)
def test_the_model_is_shown_given_tokens_without_noise_and_told_so(
    make_model: Make, feedback: Feedback, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In x_t, in the estimate of the step before, in what is decoded; their level is 0, the others' is that of t."""
    model = make_model(self_conditioning=True)
    given, sampling = canvas(model), settings(feedback=feedback, steps=4)
    denoise, decode = model.denoise, model.decode
    seen: list[tuple[Tensor, Tensor, Tensor | None]] = []
    decoded: list[Tensor] = []

    def watched(x_BLE: Tensor, level_BL: Tensor, previous_BLE: Tensor | None = None) -> Tensor:
        seen.append((x_BLE, level_BL, previous_BLE))
        return denoise(x_BLE, level_BL, previous_BLE)

    def watched_decode(x0_BLE: Tensor) -> tuple[Tensor, Tensor]:
        decoded.append(x0_BLE)
        return decode(x0_BLE)

    monkeypatch.setattr(model, "denoise", watched)
    monkeypatch.setattr(model, "decode", watched_decode)
    run(model, sampling, given)
    assert len(seen) == 5 and len(decoded) == 5
    for t, (x, level, previous), shown in zip(range(4, -1, -1), seen, decoded, strict=True):
        assert torch.equal(x[~OPEN], given.x0_BLE[~OPEN])
        assert torch.equal(level, torch.where(OPEN, t / 4, 0.0))
        assert (previous is None) == (t == 4)
        if previous is not None:
            assert torch.equal(previous[~OPEN], given.x0_BLE[~OPEN])
            assert not torch.equal(previous[OPEN], given.x0_BLE[OPEN])
        assert torch.equal(shown[~OPEN], given.x0_BLE[~OPEN])


@pytest.mark.parametrize("feedback", FEEDBACKS)
def test_what_stands_in_the_gaps_of_a_canvas_is_not_looked_at(make_model: Make, feedback: Feedback) -> None:
    model, sampling = make_model(), settings(feedback=feedback)
    for left, right in zip(*(run(model, sampling, canvas(model, filler)) for filler in (0.0, 50.0)), strict=True):
        assert torch.equal(left.x_BLE, right.x_BLE) and torch.equal(left.x0_BLE, right.x0_BLE)


@pytest.mark.parametrize("feedback", FEEDBACKS)
def test_a_row_of_which_nothing_is_given_runs_as_without_a_canvas(make_model: Make, feedback: Feedback) -> None:
    model, sampling = make_model(), settings(feedback=feedback)
    for free, held in zip(run(model, sampling, None), run(model, sampling, canvas(model)), strict=True):
        torch.testing.assert_close(held.x_BLE[1], free.x_BLE[1], atol=1e-4, rtol=1e-4)
        assert free.tokens_BL is not None and held.tokens_BL is not None
        assert torch.equal(held.tokens_BL[1], free.tokens_BL[1])


def test_what_is_given_decides_what_is_found_beside_it(make_model: Make) -> None:
    model, sampling = make_model(), settings(eta=0.0)
    given = canvas(model)
    other = Given(given.mask_BL, given.x0_BLE.roll(1, 1))
    left, right = (run(model, sampling, each)[-1].x0_BLE for each in (given, other))
    assert not torch.allclose(left[0, 2:4], right[0, 2:4], atol=1e-3)


def test_a_row_that_starts_with_less_noise_has_its_gap_at_its_own_level(
    make_model: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = make_model()
    told: list[Tensor] = []
    denoise = model.denoise

    def watched(x_BLE: Tensor, level_BL: Tensor, previous_BLE: Tensor | None = None) -> Tensor:
        told.append(level_BL)
        return denoise(x_BLE, level_BL, previous_BLE)

    monkeypatch.setattr(model, "denoise", watched)
    start, drawn = torch.tensor([[0.5], [1.0], [0.25]]), noise()
    list(reverse_diffusion(model, drawn(), drawn, settings(steps=2), start_B1=start, given=canvas(model)))
    for level, share in zip(told, (1.0, 0.5, 0.0), strict=True):
        torch.testing.assert_close(level, torch.where(OPEN, start * share, 0.0))
