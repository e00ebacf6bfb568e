"""The model card: the command on it makes the model again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from generators.diffusion.card import write_card
from generators.diffusion.checkpoint import Checkpoint
from generators.diffusion.config import SMALL
from generators.diffusion.data import Dataset
from generators.diffusion.variants import VARIANTS


def command(checkpoint: Checkpoint, dataset: Dataset, **changes: dict[str, object]) -> str:
    """The command on the card of the preset `small`, with changes by section."""
    names = ("model", "training", "sampling")
    sections = {name: getattr(SMALL, name).model_copy(update=changes.get(name, {})) for name in names}
    config = checkpoint.config.model_copy(update=sections)
    card = write_card(replace(checkpoint, config=config), "code.jsonl", dataset, [])
    return card.split("`")[1]


def test_a_preset_needs_no_more_than_its_name(checkpoint: Checkpoint, dataset: Dataset) -> None:
    assert command(checkpoint, dataset).endswith("--corpus code.jsonl --preset small --out DIR")


def test_every_setting_that_differs_is_an_option(checkpoint: Checkpoint, dataset: Dataset) -> None:
    given = command(
        checkpoint, dataset, model={"max_tokens": 64}, training={"steps": 7, "seed": 3, "ema": 0.5},
        sampling={"eta": 0.5},
    )  # fmt: skip
    assert given.endswith(
        "--preset small --set model.max_tokens=64 --steps 7 --seed 3 --set training.ema=0.5 "
        "--set sampling.eta=0.5 --out DIR"
    )


@pytest.mark.parametrize("name", sorted(set(VARIANTS) - {"transformer-decoder"}))
def test_a_variant_is_called_by_its_name(checkpoint: Checkpoint, dataset: Dataset, name: str) -> None:
    variant = VARIANTS[name]
    given = command(
        checkpoint, dataset, model=dict(variant.model), training={**variant.training, "steps": 9},
        sampling=dict(variant.sampling),
    )  # fmt: skip
    assert given.endswith(f"--preset small --variant {name} --steps 9 --out DIR")


def test_the_card_has_the_recovery_curve(checkpoint: Checkpoint, dataset: Dataset) -> None:
    assert "Token recovery" in write_card(checkpoint, "code.jsonl", dataset, [])


def test_every_evaluation_is_on_the_card_with_the_hours_until_then(checkpoint: Checkpoint, dataset: Dataset) -> None:
    figures = {"samples": 128, "validation_cross_entropy": 1.5, "accepted": 0.5, "distinct": 1.0, "examples": ["=A1"]}
    figures["accepted_novel_distinct_nontrivial"] = 0.25
    log: list[dict[str, object]] = [
        {"step": 10, "core_seconds": 1800.0} | figures, {"step": 20, "core_seconds": 3000.0},
        {"step": 30, "core_seconds": 5400.0} | figures,
    ]  # fmt: skip
    card = write_card(checkpoint, "code.jsonl", dataset, log)
    assert "| 10 | 0.50 | 128 | 1.500 | 0.500 | 1.000 | 0.250 |" in card
    assert "| 30 | 1.50 | 128 |" in card
    assert "| 20 |" not in card
    assert "1.5 core-hours" in card
