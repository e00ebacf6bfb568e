"""How many pairs a checkpoint yields under each way to select them: yields.json beside its weights.

`evaluate samples --record` measures and writes it; dataset cards print it. No sample depends on it.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from generators.checkpoints import CheckpointError
from generators.diffusion.checkpoint import checkpoint_hash
from schemas.files import write_whole
from schemas.frozen import Frozen, first_fault

FILE = "yields.json"


class YieldOption(Frozen):
    """One way to select pairs."""

    name: str
    settings: str  # what to pass to `run`; empty for its defaults
    pairs_per_thousand: float  # distinct pairs of 1,000 trajectories
    near_per_thousand: float  # of them within 1 to 5 tokens
    pairs_a_minute: float  # on one core, sampling and judging


class Yields(Frozen):
    """What was measured, where and how."""

    model: str  # hash of the checkpoint that was measured
    date: str
    machine: str
    command: str
    samples: int  # trajectories
    options: list[YieldOption]


def write_yields(folder: Path, yields: Yields) -> None:
    """Keep the figures in a checkpoint's folder.

    Raises:
        OSError: the folder cannot be written.
    """
    write_whole(folder / FILE, yields.model_dump_json(indent=1) + "\n")


def read_yields(folder: Path) -> Yields | None:
    """The figures of a checkpoint; None where nobody recorded any, or of the weights that were there before.

    Raises:
        CheckpointError: the file is damaged.
    """
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        yields = Yields.model_validate_json(path.read_bytes())
    except ValidationError as error:
        where, why = first_fault(error)
        raise CheckpointError(
            f"checkpoint {path} is damaged at {where} ({why}): delete it, `evaluate samples --record` measures it anew"
        ) from error
    return yields if yields.model == checkpoint_hash(folder) else None
