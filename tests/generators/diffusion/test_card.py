"""The model card: the command on it makes the model again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from generators.diffusion.card import Source, hours, write_card
from generators.diffusion.checkpoint import Checkpoint
from generators.diffusion.config import SMALL
from generators.diffusion.data import Dataset
from generators.diffusion.variants import VARIANTS

SOURCE = Source(name="code.jsonl", sha256="ab" * 32)


def command(checkpoint: Checkpoint, dataset: Dataset, **changes: dict[str, object]) -> str:
    """The command on the card of the preset `small`, with changes by section."""
    names = ("model", "training", "sampling")
    sections = {name: getattr(SMALL, name).model_copy(update=changes.get(name, {})) for name in names}
    config = checkpoint.config.model_copy(update=sections)
    card = write_card(replace(checkpoint, config=config), SOURCE, dataset, [])
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
    assert "Token recovery" in write_card(checkpoint, SOURCE, dataset, [])


def test_every_evaluation_is_on_the_card_with_the_hours_until_then(checkpoint: Checkpoint, dataset: Dataset) -> None:
    figures = {"samples": 128, "validation_cross_entropy": 1.5, "accepted": 0.5, "distinct": 1.0, "examples": ["=A1"]}
    figures["accepted_novel_distinct_nontrivial"] = 0.25
    log: list[dict[str, object]] = [
        {"step": 10, "core_seconds": 1800.0} | figures, {"step": 20, "core_seconds": 3000.0},
        {"step": 30, "core_seconds": 5400.0} | figures,
    ]  # fmt: skip
    card = write_card(checkpoint, SOURCE, dataset, log)
    assert "| 10 | 0.50 | 128 | 1.500 | 0.500 | 1.000 | 0.250 |" in card
    assert "| 30 | 1.50 | 128 |" in card
    assert "| 20 |" not in card
    assert "1.5 core-hours" in card


def test_a_training_of_minutes_is_called_by_them(checkpoint: Checkpoint, dataset: Dataset) -> None:
    given = command(checkpoint, dataset, training={"max_minutes": 90.0, "steps": 7})
    assert given.endswith("--preset small --max-minutes 90.0 --out DIR")


def test_benchmarks_that_were_left_out_are_in_the_command_and_counted(checkpoint: Checkpoint, dataset: Dataset) -> None:
    source = replace(SOURCE, without={"one.json": "cd" * 32, "two.json": "ef" * 32})
    card = write_card(checkpoint, source, dataset, [], dropped=1234)
    assert card.split("`")[1].endswith("--without one.json --without two.json --out DIR")
    assert f"1,234 snippets that are solutions in one.json (SHA-256 `{'cd' * 32}`), two.json (" in card
    assert "Left out" not in write_card(checkpoint, SOURCE, dataset, [])


@pytest.mark.parametrize(
    ("training", "steps", "seconds", "expected"),
    [
        ({"steps": 100, "decay_share": 0.1}, 100, 0.0, ("90 steps", "10 steps")),
        ({"steps": 100, "decay_share": 0.1}, 40, 0.0, ("40 steps", "0 steps")),
        ({"steps": 100, "decay_share": 0.0}, 100, 0.0, ("100 steps", "0 steps")),
        ({"max_minutes": 60.0, "decay_share": 0.25}, 9, 3600.0, ("45.0 minutes", "15.0 minutes")),
        ({"max_minutes": 60.0, "decay_share": 0.25}, 9, 600.0, ("10.0 minutes", "0.0 minutes")),
    ],
)  # fmt: skip
def test_the_card_says_what_was_trained_at_which_rate(
    checkpoint: Checkpoint, dataset: Dataset, training: dict[str, object], steps: int, seconds: float,
    expected: tuple[str, str],
) -> None:  # fmt: skip
    changed = checkpoint.config.training.model_copy(update={"warmup_steps": 5, **training})
    config = checkpoint.config.model_copy(update={"training": changed, "trained_steps": steps})
    card = write_card(replace(checkpoint, config=config), SOURCE, dataset, [{"step": steps, "core_seconds": seconds}])
    constant, falling = expected
    assert "- Learning rate: 0.003 after a warm-up of 5 steps; " in card
    assert f"; constant for {constant}, then falling linearly to 3% of it for {falling}\n" in card


def test_hours_of_judging_are_said_beside_those_of_training(checkpoint: Checkpoint, dataset: Dataset) -> None:
    log = [{"step": 1, "core_seconds": 7200.0, "judging_seconds": 900.0}, {"step": 2, "core_seconds": 10800.0}]
    card = write_card(checkpoint, SOURCE, dataset, [*log, {"step": 2, "judging_seconds": 1260.0}])
    assert "3.0 core-hours, and 0.6 core-hours more to judge samples" in card


def test_a_training_of_minutes_is_counted_in_seconds(checkpoint: Checkpoint, dataset: Dataset) -> None:
    log = [{"step": 1, "device": "cuda", "core_seconds": 102.3, "judging_seconds": 5.7}]
    assert "102 GPU-seconds, and 6 GPU-seconds more to judge samples" in write_card(checkpoint, SOURCE, dataset, log)


def test_hours_are_of_what_the_last_part_ran_on(checkpoint: Checkpoint, dataset: Dataset) -> None:
    parts = [{"step": 0, "device": "cpu"}, {"step": 9, "device": "cuda"}]
    assert [hours(log) for log in ([], parts[:1], parts)] == ["core-hours", "core-hours", "GPU-hours"]
    assert "1.0 GPU-hours" in write_card(checkpoint, SOURCE, dataset, [*parts, {"step": 9, "core_seconds": 3600.0}])


def test_the_precision_of_the_last_part_is_on_the_card_with_its_reason(
    checkpoint: Checkpoint, dataset: Dataset
) -> None:
    first = {"step": 0, "precision": "fp32", "precision_reason": "x"}
    log = [first, {"step": 5, "precision": "bf16", "precision_reason": "measured"}]
    assert "- Matrix products: bf16 (measured)" in write_card(checkpoint, SOURCE, dataset, log)
