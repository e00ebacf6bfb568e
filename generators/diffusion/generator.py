"""Pairs from pure noise: trajectories, drawn timesteps t, (c_t, c_0) (paper, section 3.3)."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

import torch

from generators.base import Candidate
from generators.diffusion.checkpoint import Checkpoint
from generators.diffusion.config import SamplingConfig
from generators.diffusion.sampler import RowNoise, reverse_diffusion
from generators.diffusion.selection import select, uniform
from schemas.config import ConfigError, DiffusionOptions
from schemas.ids import derive_seed
from schemas.reasons import Reason
from validators import get_language


def sampling_settings(options: DiffusionOptions, checkpoint: SamplingConfig) -> SamplingConfig:
    """The run's sampler: what the options leave open comes from the checkpoint."""
    given = {k: getattr(options, k) for k in SamplingConfig.model_fields if getattr(options, k) is not None}
    return checkpoint.model_copy(update=given)


class DiffusionGenerator:
    """Runs tiles of trajectories and pairs what stands at drawn timesteps with what stands at the end.

    A tile is a fixed number of slots of one frame length. A trajectory always runs in its own slot of its own
    tile, and empty slots are computed too: a matrix product may round differently for another shape, so the
    shape is fixed and a row depends on the shard's seed and its index alone.
    """

    name = "diffusion"

    def __init__(
        self, checkpoint: Checkpoint, model_hash: str, options: DiffusionOptions, device: torch.device | str = "cpu"
    ) -> None:
        """Raises ConfigError where ``t_range`` holds fewer timesteps than ``draws`` asks for."""
        self._checkpoint = checkpoint
        self._language = get_language(checkpoint.config.language)
        self._model = checkpoint.model.to(device)
        self._device = torch.device(device)
        self._options = options
        self._sampling = sampling_settings(options, checkpoint.config.sampling)
        T = self._sampling.steps
        low, high = options.t_range
        self._timesteps = [t for t in range(1, T + 1) if low < t / T <= high]
        if len(self._timesteps) < options.draws:
            raise ConfigError(
                f"diffusion.draws is {options.draws}, but diffusion.t_range {list(options.t_range)} holds "
                f"{len(self._timesteps)} of {T} timesteps: widen the range, draw fewer, or raise diffusion.steps"
            )
        s = self._sampling
        self._recipe = (
            f"model={model_hash[:16]} steps={s.steps} feedback={s.feedback} temperature={s.temperature:g} "
            f"eta={s.eta:g} time_power={s.time_power:g} tile={options.tile}"
        )
        if s.precision != "fp32":
            self._recipe += f" precision={s.precision}"
        if options.selection == "stratified":
            self._recipe += f" selection=stratified:{options.distances[0]}-{options.distances[1]}"
        if options.align_literals:
            self._recipe += " align=literals"

    def generate(self, shard_seed: int, rows: int) -> Iterator[Candidate]:
        """The candidates of a shard, in row order."""
        yield from self.candidates(shard_seed, range(rows))

    def candidates(self, shard_seed: int, rows: Iterable[int]) -> Iterator[Candidate]:
        """The candidates of any rows of a shard, tile by tile; the same texts whatever rows are asked for."""
        by_tile: dict[int, list[int]] = defaultdict(list)
        for row in rows:
            by_tile[row // (self._options.tile * self._options.draws)].append(row)
        for tile, wanted in by_tile.items():
            yield from self._run_tile(shard_seed, tile, wanted)

    def timesteps(self, shard_seed: int, trajectory: int) -> list[int]:
        """The t of each draw of a trajectory where they are drawn uniformly: known before the run."""
        return uniform(_rng(shard_seed, trajectory), self._options.draws, self._timesteps)

    def _run_tile(self, shard_seed: int, tile: int, rows: list[int]) -> Iterator[Candidate]:
        options, config = self._options, self._checkpoint.config
        draws = options.draws
        first = tile * options.tile
        needed = {i: self._needed(shard_seed, i) for i in sorted({row // draws for row in rows})}
        rng = random.Random(derive_seed("frame", shard_seed, tile))
        frame = rng.choices(config.model.frames, config.frame_counts)[0]
        seeds = [derive_seed("trajectory", shard_seed, first + slot) for slot in range(options.tile)]
        noise = RowNoise(seeds, frame, config.model.embedding_dim, self._device)
        selected = set().union(*needed.values())
        states: dict[int, dict[int, str | None]] = {i: {} for i in needed}  # texts by trajectory and t
        for step in reverse_diffusion(
            self._model, noise(), noise, self._sampling,
            decode_when=lambda t: options.decode == "all" or t in selected,
        ):  # fmt: skip
            if step.tokens_BL is None:
                continue
            tokens = step.tokens_BL.tolist()
            for i, ts in needed.items():
                if step.t == 0 or step.t in ts:
                    states[i][step.t] = self._checkpoint.tokenizer.decode(tokens[i - first])
        drawn = {i: self._drawn(shard_seed, i, states[i]) for i in needed}
        for row in rows:
            i = row // draws
            t, broken = drawn[i][row % draws]
            fixed = states[i][0]
            yield Candidate(
                row=row, seed=seeds[i - first], broken=broken or "", fixed=fixed or "", recipe=self._recipe,
                trajectory_id=f"{seeds[i - first]:016x}", timestep=t, num_steps=self._sampling.steps,
                failure=Reason.UNDECODABLE if broken is None or fixed is None else None,
            )  # fmt: skip

    def _needed(self, shard_seed: int, trajectory: int) -> set[int]:
        """The timesteps whose texts have to be known beside c_0."""
        if self._options.selection == "stratified":
            return set(self._timesteps)
        return set(self.timesteps(shard_seed, trajectory))

    def _drawn(self, shard_seed: int, trajectory: int, by_t: Mapping[int, str | None]) -> list[tuple[int, str | None]]:
        """The t of each draw of a trajectory, and what becomes its broken side."""
        texts = [by_t.get(t) for t in range(self._sampling.steps + 1)]
        return select(self._language, self._options, texts, self._timesteps, _rng(shard_seed, trajectory))


def _rng(shard_seed: int, trajectory: int) -> random.Random:
    return random.Random(derive_seed("timesteps", shard_seed, trajectory))
