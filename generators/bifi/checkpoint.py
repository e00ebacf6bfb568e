"""A checkpoint is a folder: config.json, model.safetensors, vocabulary.json, README.md. Nothing is unpickled."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from generators.bifi.config import ModelConfig, Role, SearchConfig, TrainingConfig
from generators.checkpoints import CONFIG, WEIGHTS, CheckpointError, check_weights, hash_files, parse_config, save_files
from schemas.frozen import Frozen

if TYPE_CHECKING:  # torch is loaded when a model is, not when a checkpoint is looked up
    import torch

    from generators.bifi.rewriter import Rewriter
    from generators.bifi.vocabulary import Vocabulary

FORMAT_VERSION = 1
VOCABULARY = "vocabulary.json"
BUNDLED = Path(__file__).parent / "models"
NO_BREAKER = "none"


class CheckpointConfig(Frozen):
    """The config.json of a checkpoint."""

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
    return hash_files(folder, VOCABULARY)


def read_config(folder: Path, language: str, role: Role | None = None) -> CheckpointConfig:
    """The config.json of a checkpoint, checked against the language, and the role if one is asked for.

    Raises:
        CheckpointError: no whole checkpoint, not valid, of another format version, language or role.
    """
    config = parse_config(folder, VOCABULARY, CheckpointConfig, FORMAT_VERSION)
    if config.language != language:
        what = f"{config.role} of {config.language}"
        raise CheckpointError(f"checkpoint {folder / CONFIG} is a {what}, not of {language}")
    if role not in (None, config.role):
        raise CheckpointError(f"checkpoint {folder / CONFIG} is a {config.role}, not a {role}")
    return config


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

    save_files(folder, config, save(weights(model)), VOCABULARY, vocabulary.save, card)
