"""Trajectories from pure noise, tile by tile.

A tile is a fixed number of slots of one frame length. A trajectory always runs in its own slot of its own tile, and
slots that nobody asks for are computed too: a matrix product may round differently for another shape, so the shape is
fixed and a row depends on the shard's seed and its index alone.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import torch

from generators.diffusion.checkpoint import Checkpoint
from generators.diffusion.config import SamplingConfig
from generators.diffusion.sampler import DecodeWhen, RowNoise, Step, reverse_diffusion
from schemas.config import DiffusionOptions
from schemas.ids import derive_seed


def sampling_settings(options: DiffusionOptions, checkpoint: SamplingConfig) -> SamplingConfig:
    """The run's sampler: what the options leave open comes from the checkpoint."""
    given = {k: getattr(options, k) for k in SamplingConfig.model_fields if getattr(options, k) is not None}
    return checkpoint.model_copy(update=given)


class TrajectoryTiles:
    """The tiles of a shard."""

    def __init__(
        self, checkpoint: Checkpoint, sampling: SamplingConfig, size: int, device: torch.device | str = "cpu"
    ) -> None:
        self._config = checkpoint.config
        self._model = checkpoint.model.to(device)
        self._sampling = sampling
        self._size = size
        self._device = torch.device(device)

    def run(self, shard_seed: int, tile: int, *, decode_when: DecodeWhen) -> tuple[list[int], Iterator[Step]]:
        """The seed of each slot's trajectory, and the steps of all of them together."""
        config, first = self._config, tile * self._size
        rng = random.Random(derive_seed("frame", shard_seed, tile))
        frame = rng.choices(config.model.frames, config.frame_counts)[0]
        seeds = [derive_seed("trajectory", shard_seed, first + slot) for slot in range(self._size)]
        noise = RowNoise(seeds, frame, config.model.embedding_dim, self._device)
        return seeds, reverse_diffusion(self._model, noise(), noise, self._sampling, decode_when=decode_when)
