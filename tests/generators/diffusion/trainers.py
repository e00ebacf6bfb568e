"""Tiny trainers and trainings in folders, and what they have learned and reported."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from torch import Tensor

from generators.diffusion.config import Preset
from generators.diffusion.data import Batches, Dataset
from generators.diffusion.session import Schedule, Source, TrainingRun
from generators.diffusion.training import Progress, Trainer

MakeTrainer = Callable[..., Trainer]
MakeRun = Callable[..., TrainingRun]
Line = dict[str, Any]

SCHEDULE = Schedule(log_every=2, save_every=4, evaluate_every=6, evaluate_samples=8, final_samples=8)
SOURCE = Source(name="formulas.jsonl", sha256="ab" * 32)
TIMES = {"tokens_per_second", "core_seconds", "judging_seconds"}


def changed(preset: Preset, **training: object) -> Preset:
    """A preset with other settings of its training."""
    return preset.model_copy(update={"training": preset.training.model_copy(update=training)})


def trainer(preset: Preset, dataset: Dataset, clock: Callable[[], float] | None = None) -> Trainer:
    """A fresh trainer of the preset."""
    return Trainer(preset, Batches(dataset, preset), len(dataset.tokenizer), clock=clock)


def figures(steps: Iterable[Progress]) -> list[Line]:
    """Everything that steps report."""
    return [
        {"step": step.step, "learning_rate": step.learning_rate, "tokens": step.tokens} | step.figures()
        for step in steps
    ]


def weights(trainer: Trainer) -> dict[str, Tensor]:
    """Everything learned: the model, its average, what the optimisers keep."""
    state = {f"model.{k}": v.clone() for k, v in trainer.model.state_dict().items()}
    state |= {f"average.{k}": v.clone() for k, v in trainer.averaged.state_dict().items()}
    for name, parameter in trainer.model.named_parameters():
        for optimiser in trainer.optimisers:
            state |= {f"{name}.{k}": v.clone() for k, v in optimiser.state.get(parameter, {}).items()}
    return state


def equal(left: dict[str, Tensor], right: dict[str, Tensor]) -> bool:
    """To the last bit."""
    return left.keys() == right.keys() and all(bool((left[k] == right[k]).all()) for k in left)


def logged(folder: Path) -> list[Line]:
    """The log of the steps, without what was noted at the beginning of each part."""
    lines = [json.loads(text) for text in (folder / "training" / "log.jsonl").read_text().splitlines()]
    return [line for line in lines if "loss" in line]


def untimed(lines: list[Line]) -> list[Line]:
    return [{key: value for key, value in line.items() if key not in TIMES} for line in lines]


def stop_after(step: int) -> Callable[[], bool]:
    """Asks to stop when the given number of steps is done, counted from where the run goes on."""
    calls: Iterator[int] = iter(range(1, 1000))
    return lambda: next(calls) >= step
