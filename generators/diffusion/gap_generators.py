"""Pairs by gaps: the broken side is a snippet in which the model filled an opening, the fixed side the snippet itself.

Beside the paper's way, and marked in `recipe`: ``renoise`` breaks texts c_0 that the model made from pure noise,
``corpus`` snippets that people wrote.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import torch

from generators.base import Candidate, Snippet, draw
from generators.diffusion.breaking import GapBreaker
from generators.diffusion.checkpoint import Checkpoint
from generators.diffusion.config import SamplingConfig
from generators.diffusion.edits import EVEN, load_edits
from generators.diffusion.sampling import TrajectoryTiles, sampling_settings
from schemas.config import DiffusionOptions
from schemas.ids import derive_seed
from schemas.reasons import Reason
from validators import get_language

GROUP = 256  # rows of corpus mode that are broken together


def gap_breaker(checkpoint: Checkpoint, options: DiffusionOptions, device: torch.device | str) -> GapBreaker:
    """What breaks snippets as the options say."""
    config = checkpoint.config
    sampling = config.sampling.model_copy(update={"steps": options.gap_steps, "temperature": 1.0})
    weights = load_edits(config.language, options.edits)
    return GapBreaker(checkpoint, weights, sampling, options.gap_temperature, device)


def _recipe(model_hash: str, options: DiffusionOptions, checkpoint: Checkpoint) -> str:
    edits = load_edits(checkpoint.config.language, options.edits).hash[:8] if options.edits != EVEN else EVEN
    return (
        f"model={model_hash[:16]} mode={options.mode} edits={edits} "
        f"gap_steps={options.gap_steps} gap_temperature={options.gap_temperature:g}"
    )


class RenoiseGenerator:
    """Several pairs of each c_0: the rows of a trajectory stand next to each other.

    The rows of a tile of trajectories are always computed together, whichever of them are asked for, so that a row
    depends on the shard's seed and its index alone.
    """

    name = "diffusion"

    def __init__(
        self, checkpoint: Checkpoint, model_hash: str, options: DiffusionOptions, device: torch.device | str = "cpu"
    ) -> None:
        self._checkpoint = checkpoint
        self._options = options
        self._sampling: SamplingConfig = sampling_settings(options, checkpoint.config.sampling)
        self._tiles = TrajectoryTiles(checkpoint, self._sampling, options.tile, device)
        self._break = gap_breaker(checkpoint, options, device)
        self._language = get_language(checkpoint.config.language)
        s = self._sampling
        self._recipe = (
            f"{_recipe(model_hash, options, checkpoint)} steps={s.steps} temperature={s.temperature:g} "
            f"eta={s.eta:g} tile={options.tile}"
        )

    def generate(self, shard_seed: int, rows: int) -> Iterator[Candidate]:
        """The candidates of a shard, in row order."""
        yield from self.candidates(shard_seed, range(rows))

    def candidates(self, shard_seed: int, rows: Iterable[int]) -> Iterator[Candidate]:
        """The candidates of any rows of a shard, tile by tile; the same texts whatever rows are asked for."""
        by_tile: dict[int, list[int]] = defaultdict(list)
        for row in rows:
            by_tile[row // (self._options.tile * self._options.gaps)].append(row)
        for tile, wanted in by_tile.items():
            made = self._tile(shard_seed, tile)
            first = tile * self._options.tile * self._options.gaps
            yield from (made[row - first] for row in wanted)

    def _tile(self, shard_seed: int, tile: int) -> list[Candidate]:
        gaps = self._options.gaps
        seeds, steps = self._tiles.run(shard_seed, tile, decode_when=lambda t: False)
        for step in steps:
            last = step
        assert last.tokens_BL is not None  # the step at 0 always is decoded
        decode = self._checkpoint.tokenizer.decode
        ends = [decode(ids, seed) for ids, seed in zip(last.tokens_BL.tolist(), seeds, strict=True)]
        right = [i for i, text in enumerate(ends) if text and self._language.check(text).accepted]
        snippets = [ends[i] or "" for i in right for _ in range(gaps)]
        row_seeds = [derive_seed("renoise", seeds[i], number) for i in right for number in range(gaps)]
        broken = iter(self._break(snippets, row_seeds, own_literals=False))
        made = []
        for i, fixed in enumerate(ends):
            for number in range(gaps):
                one = next(broken) if i in right else None
                failure = Reason.UNDECODABLE if fixed is None else Reason.FIXED_REJECTED if i not in right else None
                made.append(
                    Candidate(
                        row=(tile * self._options.tile + i) * gaps + number, seed=seeds[i], fixed=fixed or "",
                        broken=one.text if one else "", trajectory_id=f"{seeds[i]:016x}",
                        recipe=f"{self._recipe} gap={one.kind if one else 'none'}",
                        failure=failure or (None if one else Reason.NOT_APPLICABLE),
                    )
                )  # fmt: skip
        return made


class CorpusGenerator:
    """One pair of each snippet that is drawn; the rows of a group are always computed together."""

    name = "diffusion"

    def __init__(
        self, checkpoint: Checkpoint, model_hash: str, options: DiffusionOptions, snippets: Sequence[Snippet],
        device: torch.device | str = "cpu",
    ) -> None:  # fmt: skip
        self._snippets = snippets
        self._break = gap_breaker(checkpoint, options, device)
        self._recipe = _recipe(model_hash, options, checkpoint)

    def generate(self, shard_seed: int, rows: int) -> Iterator[Candidate]:
        """The candidates of a shard, in row order."""
        yield from self.candidates(shard_seed, range(rows))

    def candidates(self, shard_seed: int, rows: Iterable[int]) -> Iterator[Candidate]:
        """The candidates of any rows of a shard; the same texts whatever rows are asked for."""
        by_group: dict[int, list[int]] = defaultdict(list)
        for row in rows:
            by_group[row // GROUP].append(row)
        for group, wanted in by_group.items():
            made = self._group(shard_seed, group)
            yield from (made[row - group * GROUP] for row in wanted)

    def _group(self, shard_seed: int, group: int) -> list[Candidate]:
        rows = range(group * GROUP, (group + 1) * GROUP)
        drawn = [draw(self._snippets, shard_seed, row) for row in rows]
        seeds = [seed for seed, _, _ in drawn]
        broken = self._break([snippet.code for _, snippet, _ in drawn], seeds, own_literals=True)
        return [
            Candidate(
                row=row, seed=seed, broken=one.text if one else "", fixed=snippet.code, source_id=snippet.source_id,
                recipe=f"{self._recipe} gap={one.kind if one else 'none'}",
                failure=None if one else Reason.NOT_APPLICABLE,
            )
            for row, (seed, snippet, _), one in zip(rows, drawn, broken, strict=True)
        ]  # fmt: skip
