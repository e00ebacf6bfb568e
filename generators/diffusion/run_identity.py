"""What makes two commands one training run, so that the second resumes the first."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from generators.diffusion.card import Source
from generators.diffusion.config import ModelConfig, Preset, TrainingConfig
from generators.training_state import check_same_run

# A run may be made longer, and go on where other products are quicker.
FREE = {"training.steps", "training.max_minutes", "training.precision"}


def run_identity(language: str, source: Source, preset: Preset) -> dict[str, Any]:
    """Everything that decides on what is learned, by name."""
    return {
        "language": language, "corpus": source.sha256, "without": sorted(source.without.values()),
        **_flat(preset.model_dump(exclude={"sampling"})),
    }  # fmt: skip


def check_identity(folder: Path, begun_with: Mapping[str, Any], asked_for: Mapping[str, Any]) -> None:
    """Make sure that the run in a folder, perhaps begun by an older version, is the one that is asked for.

    Raises:
        CheckpointError: it is another, with the names of what differs.
    """
    known = {name: value for name, value in begun_with.items() if name not in FREE}
    check_same_run(folder, _defaults() | known, asked_for)


def _flat(sections: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    named = {f"{section}.{name}": value for section, values in sections.items() for name, value in values.items()}
    return {name: value for name, value in named.items() if name not in FREE}


def _defaults() -> dict[str, Any]:
    """What settings were that a run older than them does not name."""
    sections: dict[str, type[BaseModel]] = {"model": ModelConfig, "training": TrainingConfig}
    given = {
        section: {name: field.default for name, field in schema.model_fields.items() if not field.is_required()}
        for section, schema in sections.items()
    }
    return {"without": [], **_flat(given)}
