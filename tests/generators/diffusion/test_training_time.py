"""Training by time, at a constant rate, and in the precision that is quicker."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import torch
from torch import Tensor

from generators.diffusion.learning_rate import learning_rate
from generators.diffusion.precision import Choice
from generators.diffusion.training import Trainer
from tests.generators.diffusion.trainers import MakeTrainer, equal, figures, weights


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def timed(make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch, **settings: object) -> tuple[Trainer, Clock]:
    """A trainer each of whose steps takes 6 seconds."""
    clock = Clock()
    made = make_trainer(clock=clock, **settings)
    step = made._train_step

    def slow(tokens: Tensor) -> object:
        clock.now += 6
        return step(tokens)

    monkeypatch.setattr(made, "_train_step", slow)
    return made, clock


def test_a_training_of_minutes_ends_with_its_time_and_not_with_its_steps(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained, _ = timed(make_trainer, monkeypatch, steps=3, max_minutes=1.0)
    lines = figures(trained.run())
    assert len(lines) == 10  # of 6 seconds each
    assert (trained.seconds, trained.share) == (60, 1)
    rates = [learning_rate(step, 6.0 * step, trained.settings) for step in range(10)]
    assert [line["learning_rate"] for line in lines] == rates
    assert rates[3:7] == [3e-3] * 4 and rates[-1] < 0.4 * 3e-3


def test_what_happens_between_the_steps_takes_none_of_the_time(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained, clock = timed(make_trainer, monkeypatch, max_minutes=1.0)
    for _ in trained.run():
        clock.now += 1_000  # samples are judged
    assert (trained.step, trained.seconds) == (10, 60)


def test_a_resumed_training_of_minutes_goes_on_at_the_share_it_had_reached(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    whole, _ = timed(make_trainer, monkeypatch, max_minutes=1.0)
    lines = figures(whole.run())
    for stop in (4, 3):
        part, clock = timed(make_trainer, monkeypatch, max_minutes=1.0)
        clock.now = 12_345  # another process, another zero of the clock
        part.resume(tmp_path)
        for _, _ in zip(range(stop), part.run(), strict=False):
            pass
        part.save(tmp_path)
    last, _ = timed(make_trainer, monkeypatch, max_minutes=1.0)
    assert last.resume(tmp_path)
    assert last.share == pytest.approx(0.7)
    assert figures(last.run()) == lines[7:]


def test_by_default_the_time_is_that_of_the_processor(make_trainer: MakeTrainer) -> None:
    trained = make_trainer()
    before = time.process_time()
    for _ in trained.run():
        time.sleep(0.005)
    assert 0 < trained.seconds <= time.process_time() - before


def test_a_run_at_a_constant_rate_may_be_made_longer_as_if_it_had_been_meant_to_be(
    make_trainer: MakeTrainer, tmp_path: Path
) -> None:
    whole = make_trainer(steps=12, decay_share=0.0)
    lines = figures(whole.run())
    short = make_trainer(steps=5, decay_share=0.0)
    assert figures(short.run()) == lines[:5]
    short.save(tmp_path)
    longer = make_trainer(steps=12, decay_share=0.0)
    longer.resume(tmp_path)
    assert figures(longer.run()) == lines[5:]
    assert equal(weights(longer), weights(whole))


def test_a_precision_that_was_measured_is_kept_on_the_same_processor_and_measured_anew_on_another(
    make_trainer: MakeTrainer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: list[str] = []

    choices = iter(
        [
            Choice(precision="bf16", processor="one", reason="the first"),
            Choice(precision="fp32", processor="other", reason="the second"),
        ]
    )

    def choose(asked: str, device: torch.device, width: int) -> Choice:
        measured.append(asked)
        return next(choices)

    monkeypatch.setattr("generators.diffusion.training.choose_precision", choose)
    monkeypatch.setattr("generators.diffusion.training.processor", lambda device: "one")
    first = make_trainer(precision="auto")
    next(first.run())
    first.save(tmp_path)
    again = make_trainer(precision="auto")
    again.resume(tmp_path)
    assert again.precision == first.precision and measured == ["auto"]
    monkeypatch.setattr("generators.diffusion.training.processor", lambda device: "other")
    moved = make_trainer(precision="auto")
    moved.resume(tmp_path)
    assert moved.precision.precision == "fp32" and measured == ["auto", "auto"]


def test_a_precision_that_is_asked_for_is_not_kept_against_another_wish(
    make_trainer: MakeTrainer, tmp_path: Path
) -> None:
    first = make_trainer(precision="bf16")
    next(first.run())
    first.save(tmp_path)
    for precision in ("fp32", "bf16"):
        other = make_trainer(precision=precision)
        assert other.resume(tmp_path)
        assert other.precision.precision == precision
