"""Tiny trainers, and what they have learned and reported."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from torch import Tensor

from generators.diffusion.config import Preset
from generators.diffusion.data import Batches, Dataset
from generators.diffusion.training import Progress, Trainer

MakeTrainer = Callable[..., Trainer]
Line = dict[str, Any]


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
