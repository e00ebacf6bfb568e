"""From a run's configuration to its generator."""

from __future__ import annotations

from generators.base import Generator
from generators.diffusion.checkpoint import (
    check_weights,
    checkpoint_hash,
    find_checkpoint,
    load_checkpoint,
    read_config,
)
from schemas.config import RunConfig


def model_hash(config: RunConfig) -> str:
    """The hash of the run's checkpoint, which is checked against the language; torch is not loaded.

    Raises:
        CheckpointError: none there, incomplete, damaged, or of another language.
    """
    folder = find_checkpoint(config.language, config.checkpoint)
    read_config(folder, config.language)
    check_weights(folder)
    return checkpoint_hash(folder)


def build_generator(config: RunConfig, device: str = "cpu") -> Generator:
    """The generator of a run, its model loaded.

    On a CPU it computes with one thread: the workers share the cores, and how a sum is split over threads would
    otherwise be part of the result.
    """
    import torch

    from generators.diffusion.generator import DiffusionGenerator

    if device == "cpu":
        torch.set_num_threads(1)
    folder = find_checkpoint(config.language, config.checkpoint)
    checkpoint = load_checkpoint(folder, config.language)
    return DiffusionGenerator(checkpoint, checkpoint_hash(folder), config.diffusion, device)
