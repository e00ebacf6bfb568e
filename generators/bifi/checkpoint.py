"""A checkpoint is a folder: config.json, model.safetensors, vocabulary.json, README.md. Nothing is unpickled."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError

from generators.bifi.config import ModelConfig, Role, SearchConfig, TrainingConfig
from schemas.errors import RequestError

if TYPE_CHECKING:  # torch is loaded when a model is, not when a checkpoint is looked up
    import torch

    from generators.bifi.rewriter import Rewriter
    from generators.bifi.vocabulary import Vocabulary

FORMAT_VERSION = 1
WEIGHTS, CONFIG, VOCABULARY, CARD = "model.safetensors", "config.json", "vocabulary.json", "README.md"
BUNDLED = Path(__file__).parent / "models"
NO_BREAKER = "none"


class CheckpointError(RequestError):
    """A checkpoint that is missing, incomplete, damaged, or of another kind. One line, with the way out."""


class _Format(BaseModel):
    """What every version of a config.json holds."""

    format_version: int


class CheckpointConfig(BaseModel):
    """The config.json of a checkpoint."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format_version: int = FORMAT_VERSION
    language: str
    role: Role
    preset: str
    model: ModelConfig
    training: TrainingConfig
    search: SearchConfig
    trained_steps: int


def find_breaker(language: str, option: str | None) -> Path | None:
    """The breaker's folder: the given one, or the bundled one; None for the option "none" or where none is bundled.

    Raises:
        CheckpointError: the given folder is not there, lacks a file, or holds something else.
    """
    if option == NO_BREAKER:
        return None
    folder = Path(option) if option is not None else BUNDLED / language
    if option is None and not folder.is_dir():
        return None
    read_config(folder, language, "breaker")
    check_weights(folder)
    return folder


def rewriter_hash(folder: Path) -> str:
    """SHA-256, in hex, of everything in a checkpoint that can change an output."""
    sha = hashlib.sha256()
    for name in (CONFIG, VOCABULARY, WEIGHTS):
        data = (folder / name).read_bytes()
        sha.update(f"{name}:{len(data)}:".encode())
        sha.update(data)
    return sha.hexdigest()


def read_config(folder: Path, language: str, role: Role | None = None) -> CheckpointConfig:
    """The config.json of a checkpoint, checked against the language, and the role if one is asked for.

    Raises:
        CheckpointError: no whole checkpoint, not valid, of another format version, language or role.
    """
    if not folder.is_dir():
        raise CheckpointError(f"checkpoint {folder} is not a folder; pass the folder that `train` wrote")
    missing = [name for name in (CONFIG, WEIGHTS, VOCABULARY) if not (folder / name).is_file()]
    if missing:
        raise CheckpointError(f"checkpoint {folder} lacks {', '.join(missing)}; pass a folder that `train` wrote")
    data = (folder / CONFIG).read_bytes()
    try:
        format_version = _Format.model_validate_json(data).format_version
        if format_version != FORMAT_VERSION:  # before the rest, which another format may spell otherwise
            raise CheckpointError(
                f"checkpoint {folder / CONFIG} has format {format_version}, this version reads {FORMAT_VERSION}: "
                "train it anew"
            )
        config = CheckpointConfig.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(p) for p in first["loc"]) or "the file"
        raise CheckpointError(f"checkpoint {folder / CONFIG} is damaged at {where}: {first['msg']}") from error
    if config.language != language:
        what = f"{config.role} of {config.language}"
        raise CheckpointError(f"checkpoint {folder / CONFIG} is a {what}, not of {language}")
    if role not in (None, config.role):
        raise CheckpointError(f"checkpoint {folder / CONFIG} is a {config.role}, not a {role}")
    return config


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


def load_rewriter(folder: Path, language: str, role: Role | None = None, device: str = "cpu") -> Rewriter:
    """The model of a checkpoint folder, ready to rewrite.

    Raises:
        CheckpointError: as `read_config`, or vocabulary or weights are damaged or do not fit the configuration.
    """
    from generators.bifi.model import build_model
    from generators.bifi.rewriter import Rewriter
    from validators import get_language

    config = read_config(folder, language, role)
    vocabulary = read_vocabulary(folder)
    model = build_model(config.model, len(vocabulary), device=device)
    read_weights(folder, model)
    return Rewriter(model, vocabulary, get_language(language), config.search)


def read_vocabulary(folder: Path) -> Vocabulary:
    """The vocabulary of a checkpoint. Raises CheckpointError where it is damaged."""
    from generators.bifi.vocabulary import Vocabulary

    try:
        return Vocabulary.load(folder / VOCABULARY)
    except (OSError, ValueError) as error:
        raise CheckpointError(f"checkpoint {folder / VOCABULARY} is damaged ({error}): copy it anew") from error


def read_weights(folder: Path, *models: torch.nn.Module) -> None:
    """Give models the weights of a checkpoint. Raises CheckpointError where they are damaged or do not fit."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from generators.bifi.model import load_weights

    try:
        tensors = load_file(folder / WEIGHTS)
        for model in models:
            load_weights(model, tensors)
    except (OSError, SafetensorError, ValueError) as error:
        raise CheckpointError(f"checkpoint {folder / WEIGHTS} is damaged ({error}): copy it anew") from error


def save_checkpoint(
    folder: Path, config: CheckpointConfig, model: torch.nn.Module, vocabulary: Vocabulary, card: str
) -> None:
    """Write a checkpoint folder; each file appears whole or not at all, the configuration last."""
    from safetensors.torch import save

    from generators.bifi.model import weights

    folder.mkdir(parents=True, exist_ok=True)
    (folder / f".{WEIGHTS}").write_bytes(save(weights(model)))  # `save_file` would let nobody else read it
    vocabulary.save(folder / f".{VOCABULARY}")
    (folder / f".{CARD}").write_text(card)
    (folder / f".{CONFIG}").write_text(json.dumps(config.model_dump(), indent=1) + "\n")
    for name in (WEIGHTS, VOCABULARY, CARD, CONFIG):
        (folder / f".{name}").replace(folder / name)
