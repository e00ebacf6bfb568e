"""Pairs from pure noise: trajectories, drawn timesteps t, (c_t, c_0) (paper, section 3.3)."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

import torch

from generators.base import Candidate
from generators.diffusion.checkpoint import Checkpoint
from generators.diffusion.recovery import recovery_curve, recovery_falls
from generators.diffusion.sampling import TrajectoryTiles, sampling_settings
from generators.diffusion.selection import select, uniform
from schemas.config import ConfigError, DiffusionOptions
from schemas.ids import derive_seed
from schemas.reasons import Reason
from validators import get_language


class DiffusionGenerator:
    """Runs tiles of trajectories and pairs what stands at drawn timesteps with what stands at the end."""

    name = "diffusion"

    def __init__(
        self, checkpoint: Checkpoint, model_hash: str, options: DiffusionOptions, device: torch.device | str = "cpu"
    ) -> None:
        """Raises ConfigError where ``t_range`` holds fewer timesteps than ``draws`` asks for."""
        self._checkpoint = checkpoint
        self._language = get_language(checkpoint.config.language)
        self._options = options
        self._sampling = sampling_settings(options, checkpoint.config.sampling)
        self._tiles = TrajectoryTiles(checkpoint, self._sampling, options.tile, device)
        T = self._sampling.steps
        low, high = options.t_range
        self._timesteps = [t for t in range(1, T + 1) if low < t / T <= high]
        if len(self._timesteps) < options.draws:
            raise ConfigError(
                f"diffusion.draws is {options.draws}, but diffusion.t_range {list(options.t_range)} holds "
                f"{len(self._timesteps)} of {T} timesteps: widen the range, draw fewer, or raise diffusion.steps"
            )
        self._weights: list[float] | None = None  # of the timesteps, where they are not all alike
        if options.t_axis == "recovery":
            self._weights = recovery_falls(recovery_curve(checkpoint.model), self._sampling, self._timesteps)
        s = self._sampling
        self._recipe = (
            f"model={model_hash[:16]} steps={s.steps} feedback={s.feedback} temperature={s.temperature:g} "
            f"eta={s.eta:g} time_power={s.time_power:g} tile={options.tile}"
        )
        if s.precision != "fp32":
            self._recipe += f" precision={s.precision}"
        if options.t_axis == "recovery":
            self._recipe += " t_axis=recovery"
        if options.selection == "stratified":
            self._recipe += f" selection=stratified:{options.distances[0]}-{options.distances[1]}"

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
        return uniform(_rng(shard_seed, trajectory), self._options.draws, self._timesteps, self._weights)

    def _run_tile(self, shard_seed: int, tile: int, rows: list[int]) -> Iterator[Candidate]:
        options = self._options
        draws = options.draws
        first = tile * options.tile
        needed = {i: self._needed(shard_seed, i) for i in sorted({row // draws for row in rows})}
        selected = set().union(*needed.values())
        states: dict[int, dict[int, list[int]]] = {i: {} for i in needed}  # token ids by trajectory and t
        seeds, steps = self._tiles.run(shard_seed, tile, decode_when=lambda t: options.decode == "all" or t in selected)
        for step in steps:
            if step.tokens_BL is None:
                continue
            tokens = step.tokens_BL.tolist()
            for i, ts in needed.items():
                if step.t == 0 or step.t in ts:
                    states[i][step.t] = tokens[i - first]
        texts = {i: self._texts(states[i], seeds[i - first]) for i in needed}
        drawn = {i: self._drawn(shard_seed, i, texts[i]) for i in needed}
        for row in rows:
            i = row // draws
            t, broken = drawn[i][row % draws]
            fixed = texts[i][0]
            yield Candidate(
                row=row, seed=seeds[i - first], broken=broken or "", fixed=fixed or "", recipe=self._recipe,
                trajectory_id=f"{seeds[i - first]:016x}", timestep=t, num_steps=self._sampling.steps,
                failure=Reason.UNDECODABLE if broken is None or fixed is None else None,
            )  # fmt: skip

    def _texts(self, ids_by_t: Mapping[int, list[int]], seed: int) -> dict[int, str | None]:
        """A trajectory's texts by t; a slot has one text in all of them, c_0's slots being filled first."""
        decode = self._checkpoint.tokenizer.decode
        return {t: decode(ids, seed, like=ids_by_t[0]) for t, ids in ids_by_t.items()}

    def _needed(self, shard_seed: int, trajectory: int) -> set[int]:
        """The timesteps whose texts have to be known beside c_0."""
        if self._options.selection == "stratified":
            return set(self._timesteps)
        return set(self.timesteps(shard_seed, trajectory))

    def _drawn(self, shard_seed: int, trajectory: int, by_t: Mapping[int, str | None]) -> list[tuple[int, str | None]]:
        """The t of each draw of a trajectory, and what becomes its broken side."""
        texts = [by_t.get(t) for t in range(self._sampling.steps + 1)]
        rng = _rng(shard_seed, trajectory)
        return select(self._language, self._options, texts, self._timesteps, rng, self._weights)


def _rng(shard_seed: int, trajectory: int) -> random.Random:
    return random.Random(derive_seed("timesteps", shard_seed, trajectory))
