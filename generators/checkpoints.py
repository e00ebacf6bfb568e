"""What the checkpoints of every model share: a folder of plain files, the configuration written last.

A folder holds config.json, model.safetensors, README.md, and a file of the model's tokens, whose name each model gives.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from schemas.errors import RequestError
from schemas.files import written_whole
from schemas.frozen import first_fault

WEIGHTS, CONFIG, CARD = "model.safetensors", "config.json", "README.md"

Config = TypeVar("Config", bound=BaseModel)


class CheckpointError(RequestError):
    """A checkpoint that is missing, incomplete, damaged, or of another kind. One line, with the way out."""


class _Format(BaseModel):
    """What every version of a config.json holds."""

    format_version: int


def check_files(folder: Path, tokens: str) -> None:
    """Make sure that the folder holds what a model is loaded from.

    Raises:
        CheckpointError: it is no folder, or lacks a file.
    """
    if not folder.is_dir():
        raise CheckpointError(f"checkpoint {folder} is not a folder; pass the folder that `train` wrote")
    missing = [name for name in (CONFIG, WEIGHTS, tokens) if not (folder / name).is_file()]
    if missing:
        raise CheckpointError(f"checkpoint {folder} lacks {', '.join(missing)}; pass a folder that `train` wrote")


def check_weights(folder: Path) -> None:
    """Make sure that the weights are a whole file; torch is not loaded.

    Raises:
        CheckpointError: truncated, or no such file format.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(folder / WEIGHTS, framework="np") as file:
            file.keys()
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"checkpoint {folder / WEIGHTS} is damaged ({error}): copy it anew") from error


def hash_files(folder: Path, tokens: str) -> str:
    """SHA-256, in hex, of everything in a checkpoint that can change an output."""
    sha = hashlib.sha256()
    for name in (CONFIG, tokens, WEIGHTS):
        data = (folder / name).read_bytes()
        sha.update(f"{name}:{len(data)}:".encode())
        sha.update(data)
    return sha.hexdigest()


def parse_config(folder: Path, tokens: str, schema: type[Config], version: int) -> Config:
    """The config.json of a checkpoint.

    Raises:
        CheckpointError: as `check_files`, or not valid, or of another format version.
    """
    check_files(folder, tokens)
    data = (folder / CONFIG).read_bytes()
    try:
        format_version = _Format.model_validate_json(data).format_version
        if format_version != version:  # before the rest, which another format may spell otherwise
            raise CheckpointError(
                f"checkpoint {folder / CONFIG} has format {format_version}, this version reads {version}: train it anew"
            )
        return schema.model_validate_json(data)
    except ValidationError as error:
        where, why = first_fault(error)
        raise CheckpointError(f"checkpoint {folder / CONFIG} is damaged at {where}: {why}") from error


def save_files(
    folder: Path, config: BaseModel, weights: bytes, tokens: str, save_tokens: Callable[[Path], None], card: str
) -> None:
    """Write a checkpoint folder; each file appears whole or not at all, the configuration last."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:  # all are written before the first takes its name: the last that is opened here
        parts = {name: stack.enter_context(written_whole(folder / name)) for name in (CONFIG, CARD, tokens, WEIGHTS)}
        parts[WEIGHTS].write_bytes(weights)  # safetensors' `save_file` would let nobody else read it
        save_tokens(parts[tokens])
        parts[CARD].write_text(card)
        parts[CONFIG].write_text(json.dumps(config.model_dump(), indent=1) + "\n")
