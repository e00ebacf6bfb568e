"""The reverse process."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable, Collection, Iterator
from typing import get_args

import pytest
import torch
from torch import Tensor

from generators.diffusion.config import Feedback, SamplingConfig
from generators.diffusion.model import CodeDiffusion
from generators.diffusion.process import NoiseProcess
from generators.diffusion.sampler import RowNoise, Step, levels, nearest_embedding, reverse_diffusion

CPU = torch.device("cpu")
LENGTH, WIDTH = 8, 8
SEEDS = [11, 22, 33]
FEEDBACKS = get_args(Feedback)

Make = Callable[..., CodeDiffusion]


def settings(**changes: object) -> SamplingConfig:
    return SamplingConfig(**({"steps": 6, "feedback": "softmax"} | changes))  # type: ignore[arg-type]


def row_noise(seeds: list[int] = SEEDS) -> RowNoise:
    return RowNoise(seeds, LENGTH, WIDTH, CPU)


def run(model: CodeDiffusion, sampling: SamplingConfig, decoded: Collection[int] = range(100)) -> list[Step]:
    noise = row_noise()
    return list(reverse_diffusion(model, noise(), noise, sampling, decode_when=lambda t: t in decoded))


def same(left: Step, right: Step) -> bool:
    return left.t == right.t and torch.equal(left.x_BLE, right.x_BLE) and torch.equal(left.x0_BLE, right.x0_BLE)


@pytest.mark.parametrize("steps", [0, 1, 6])
def test_yields_every_timestep_once_down_to_zero(make_model: Make, steps: int) -> None:
    assert [step.t for step in run(make_model(), settings(steps=steps))] == list(range(steps, -1, -1))


@pytest.mark.parametrize("feedback", FEEDBACKS)
def test_decodes_what_is_asked_for_and_always_the_end(make_model: Make, feedback: Feedback) -> None:
    for wanted in (set[int](), {2, 5}):
        steps = run(make_model(), settings(feedback=feedback), wanted)
        assert {step.t for step in steps if step.tokens_BL is not None} == wanted | {0}


@pytest.mark.parametrize("feedback", FEEDBACKS)
def test_what_is_decoded_changes_no_sample(make_model: Make, feedback: Feedback) -> None:
    model, sampling = make_model(), settings(feedback=feedback)
    every = run(model, sampling)
    selected = run(model, sampling, {3})
    for left, right in zip(every, selected, strict=True):
        assert same(left, right)
        if right.tokens_BL is not None:
            assert left.tokens_BL is not None and torch.equal(left.tokens_BL, right.tokens_BL)


def test_noise_of_a_row_depends_on_its_seed_alone() -> None:
    alone, among = row_noise([22]), row_noise(SEEDS)
    for _ in range(3):
        row = alone()[0]
        assert torch.equal(row, among()[1])
    assert not torch.equal(row, alone()[0])


@pytest.mark.parametrize("feedback", FEEDBACKS)
@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0])
def test_a_start_in_the_middle_continues_the_trajectory(make_model: Make, feedback: Feedback, eta: float) -> None:
    model, sampling = make_model(self_conditioning=False), settings(feedback=feedback, eta=eta)
    whole = run(model, sampling)
    for start in (6, 4, 1):
        noise = row_noise()
        for _ in range(1 + sampling.steps - start):  # x_T, and one draw for every step until here
            noise()
        at = whole[sampling.steps - start]
        level_B1 = torch.full((len(SEEDS), 1), start / sampling.steps)
        steps = sampling.model_copy(update={"steps": start})  # the same steps: the schedule is linear here
        rest = list(reverse_diffusion(model, at.x_BLE, noise, steps, start_B1=level_B1))
        for left, right in zip(rest, whole[-len(rest) :], strict=True):
            assert left.t == right.t
            torch.testing.assert_close(left.x_BLE, right.x_BLE)
            torch.testing.assert_close(left.x0_BLE, right.x0_BLE)


def test_rows_of_one_pass_start_where_each_is_told_to(make_model: Make) -> None:
    model, sampling = make_model(), settings(feedback="softmax")
    level_B1 = torch.linspace(0.1, 0.9, len(SEEDS))[:, None]
    x = row_noise()()
    together = list(reverse_diffusion(model, x, row_noise(), sampling, start_B1=level_B1))
    for row, seed in enumerate(SEEDS):
        noise = row_noise([seed])
        alone = reverse_diffusion(model, x[[row]], noise, sampling, start_B1=level_B1[[row]])
        for one, all_ in zip(alone, together, strict=True):
            torch.testing.assert_close(one.x0_BLE[0], all_.x0_BLE[row])


def test_a_start_in_the_middle_has_no_previous_estimate(make_model: Make) -> None:
    model = make_model(self_conditioning=True)
    x = row_noise()()
    level_B1 = torch.full((len(SEEDS), 1), 0.3)
    first = next(reverse_diffusion(model, x, row_noise(), settings(feedback="denoiser"), start_B1=level_B1))
    assert torch.equal(first.x0_BLE, model.denoise(x, level_B1))


@pytest.mark.parametrize("feedback", FEEDBACKS)
def test_the_denoiser_is_given_its_own_estimate_of_the_step_before(
    make_model: Make, feedback: Feedback, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = make_model(self_conditioning=True)
    denoise = model.denoise
    given: list[Tensor | None] = []
    estimates: list[Tensor] = []

    def watched(x_BLE: Tensor, level_BL: Tensor, previous_BLE: Tensor | None = None) -> Tensor:
        given.append(previous_BLE)
        estimates.append(denoise(x_BLE, level_BL, previous_BLE))
        return estimates[-1]

    monkeypatch.setattr(model, "denoise", watched)
    run(model, settings(feedback=feedback))
    assert given[0] is None
    for previous, estimate in zip(given[1:], estimates, strict=False):
        assert previous is not None and torch.equal(previous, estimate)


def test_without_fresh_noise_the_start_decides_everything(make_model: Make) -> None:
    model, x = make_model(), row_noise()()
    for eta, equal in ((0.0, True), (1.0, False)):
        sampling = settings(eta=eta)
        left = list(reverse_diffusion(model, x, row_noise([1, 2, 3]), sampling))
        right = list(reverse_diffusion(model, x, row_noise([4, 5, 6]), sampling))
        assert torch.equal(left[-1].x_BLE, right[-1].x_BLE) is equal


def test_each_feedback_estimates_as_it_says(make_model: Make) -> None:
    model, x = make_model(), row_noise()()
    denoised = model.denoise(x, torch.ones(len(SEEDS), 1))
    decoded, logits = model.decode(denoised)
    table = model.embeddings()
    nearest = (denoised[:, :, None] - table).square().sum(-1).argmin(-1)
    expected = {
        "denoiser": denoised, "decoder": decoded, "softmax": logits.softmax(-1) @ table, "nearest": table[nearest],
    }  # fmt: skip
    assert expected.keys() == set(FEEDBACKS)
    for feedback, estimate in expected.items():
        first = next(reverse_diffusion(model, x, row_noise(), settings(feedback=feedback)))
        torch.testing.assert_close(first.x0_BLE, estimate)


def test_a_low_temperature_commits_to_the_likeliest_token(make_model: Make) -> None:
    model, x = make_model(), row_noise()()
    _, logits = model.decode(model.denoise(x, torch.ones(len(SEEDS), 1)))
    for temperature, expected in (
        (0.5, (logits / 0.5).softmax(-1) @ model.embeddings()),
        (1e-6, model.embeddings()[logits.argmax(-1)]),
    ):
        sampling = settings(feedback="softmax", temperature=temperature)
        torch.testing.assert_close(next(reverse_diffusion(model, x, row_noise(), sampling)).x0_BLE, expected)


def test_bf16_rounds_the_model_alone(make_model: Make) -> None:
    exact, rounded = (run(make_model(), settings(precision=precision))[0] for precision in ("fp32", "bf16"))
    assert rounded.x0_BLE.dtype == torch.float32
    assert torch.equal(rounded.x_BLE, exact.x_BLE)
    assert not torch.equal(rounded.x0_BLE, exact.x0_BLE)
    torch.testing.assert_close(rounded.x0_BLE, exact.x0_BLE, rtol=0.05, atol=0.05)


@pytest.mark.parametrize("feedback", FEEDBACKS)
def test_a_model_in_double_precision_samples_in_it(make_model: Make, feedback: Feedback) -> None:
    single, model = make_model(), make_model().double()
    x = row_noise()().double()
    for rough, step in zip(
        reverse_diffusion(single, x.float(), row_noise(), settings(feedback=feedback)),
        reverse_diffusion(model, x, row_noise(), settings(feedback=feedback)),
        strict=True,
    ):
        assert step.x_BLE.dtype == step.x0_BLE.dtype == torch.float64
        assert step.logits_BLV is not None and step.logits_BLV.dtype == torch.float64
        if step.t == 6:
            torch.testing.assert_close(step.x0_BLE, rough.x0_BLE.double(), atol=1e-3, rtol=1e-3)


def test_nearest_feeds_back_rows_of_the_embedding_table(make_model: Make) -> None:
    model = make_model()
    rows = {tuple(row) for row in model.embeddings().tolist()}
    for step in run(model, settings(feedback="nearest")):
        assert {tuple(row) for row in step.x0_BLE.flatten(0, 1).tolist()} <= rows


def test_an_embedding_is_its_own_nearest(make_model: Make) -> None:
    table = make_model().embeddings()
    assert torch.equal(nearest_embedding(table[None], table), table[None])


class Falling(NoiseProcess):
    """About half of the signal is left at half of the time."""

    def alpha_bar(self, level_BL: Tensor) -> Tensor:
        return (1 - 0.99 * level_BL)[..., None]


class Constant:
    """Always sure of the same x_0."""

    process = Falling("linear")

    def denoise(self, x_BLE: Tensor, level_BL: Tensor, previous_BLE: Tensor | None = None) -> Tensor:
        return torch.full_like(x_BLE, 3.0)

    def decode(self, x0_BLE: Tensor) -> tuple[Tensor, Tensor]:
        return x0_BLE, x0_BLE


@pytest.mark.parametrize("eta", [0.0, 0.6, 1.0])
def test_noise_follows_the_schedule_for_every_eta(eta: float) -> None:
    model, sampling = Constant(), settings(steps=5, feedback="denoiser", eta=eta)
    noise = RowNoise([7], 400, 50, CPU)
    first = model.process.alpha_bar(torch.ones(1, 1))
    start = first.sqrt() * 3 + (1 - first).sqrt() * noise()
    before: Tensor | None = None
    for step in reverse_diffusion(model, start, noise, sampling):  # type: ignore[arg-type]
        signal = float(model.process.alpha_bar(levels(sampling, torch.ones(1, 1))[step.t]))
        assert float(step.x_BLE.mean()) == pytest.approx(3 * signal**0.5, abs=0.03)
        assert float(step.x_BLE.var()) == pytest.approx(1 - signal, abs=0.03)
        now = step.x_BLE.flatten()
        if before is not None and step.t > 0:  # the share of old noise is what eta leaves
            correlation = torch.corrcoef(torch.stack([before, now]))[0, 1]
            assert float(correlation) == pytest.approx((1 - eta**2) ** 0.5, abs=0.03)
        before = now


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_levels_rise_from_zero_to_one_by_the_power(power: float) -> None:
    level_SB1 = levels(settings(steps=4, time_power=power), torch.tensor([[1.0], [0.5]]))
    rising = torch.tensor([0, 0.25, 0.5, 0.75, 1]) ** power
    torch.testing.assert_close(level_SB1, torch.stack([rising, rising / 2], 1)[..., None])


def test_without_steps_there_is_one_level_the_start() -> None:
    assert levels(settings(steps=0), torch.tensor([[1.0], [0.5]])).tolist() == [[[1.0], [0.5]]]


@pytest.mark.parametrize("feedback", FEEDBACKS)
def test_without_steps_x0_is_estimated_at_once_and_decoded(make_model: Make, feedback: Feedback) -> None:
    model, x = make_model(), row_noise()()
    start_B1 = torch.tensor([[1.0], [0.5], [0.2]])
    (only,) = reverse_diffusion(
        model, x, row_noise(), settings(steps=0, feedback=feedback), start_B1=start_B1, decode_when=lambda t: False
    )
    denoised = model.denoise(x, start_B1)
    _, logits = model.decode(denoised)
    assert only.t == 0 and torch.equal(only.x_BLE, x)
    assert only.tokens_BL is not None and only.logits_BLV is not None
    assert torch.equal(only.logits_BLV, logits) and torch.equal(only.tokens_BL, logits.argmax(-1))


@pytest.mark.parametrize("feedback", FEEDBACKS)
def test_logits_come_wherever_something_is_decoded_and_name_the_tokens(make_model: Make, feedback: Feedback) -> None:
    for step in run(make_model(), settings(feedback=feedback), {2, 5}):
        if step.tokens_BL is not None:
            assert step.logits_BLV is not None and torch.equal(step.logits_BLV.argmax(-1), step.tokens_BL)
        else:
            assert (step.logits_BLV is None) == (feedback in ("denoiser", "nearest"))


def test_steps_come_one_by_one_in_constant_memory(make_model: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    model, calls = make_model(), itertools.count(1)
    denoise = model.denoise
    counted = 0

    def counting(*arguments: Tensor) -> Tensor:
        nonlocal counted
        counted = next(calls)
        return denoise(*arguments)

    monkeypatch.setattr(model, "denoise", counting)
    alive: weakref.WeakSet[Tensor] = weakref.WeakSet()
    noise = row_noise()
    steps: Iterator[Step] = reverse_diffusion(model, noise(), noise, settings(steps=12))
    for number in range(1, 13):
        step = next(steps)
        assert counted == number
        alive.add(step.x_BLE)
        assert len(alive) <= 2
