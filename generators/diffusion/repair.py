"""Diffusion steps as repair operators, as the paper has them (section 3.2): noise a whole snippet, resume from there.

x_t = sqrt(alpha_bar_t) E(c) + sqrt(1 - alpha_bar_t) epsilon, then the reverse process from t to 0 as in sampling. No
token can move: for an operator that inserts and deletes see `generators.diffusion.gap_repair`.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import torch
from torch import Tensor

from generators.diffusion.checkpoint import Checkpoint
from generators.diffusion.config import EOS, PAD, UNKNOWN
from generators.diffusion.sampler import RowNoise, reverse_diffusion
from generators.diffusion.text.source import Source
from generators.diffusion.text.vocabulary import StructureVocabulary
from schemas.ids import derive_seed, digest

STEPS = 20  # the way is shorter than from pure noise
WINDOW = 256  # snippets whose rows are batched together


@dataclass(frozen=True, slots=True)
class RepairCandidate:
    """Where one noised copy of a snippet ended; not judged yet."""

    level: float  # t/T that was injected
    sample: int  # from 0, of that level
    text: str | None  # None: it cannot be decoded


@dataclass(frozen=True, slots=True)
class _Row:
    snippet: int
    level: float
    sample: int
    seed: int
    ids: list[int]


class RepairOperator:
    """Repairs snippets with a model that has only seen correct ones.

    A candidate depends on the snippet, the level, the sample and the seed, and not on what is repaired beside it: rows
    run in tiles of fixed shape, empty rows included, as in `DiffusionGenerator`. Where the model's tokens have slots,
    the snippet's own texts stand in them again, and a slot that it lacks is filled by the candidate's seed.

    Args:
        checkpoint: of the model.
        steps: of the reverse process from any level to 0; if not given, the checkpoint's, at most `STEPS`.
        tile: rows in one call of the model.
        device: to run on.
    """

    def __init__(
        self, checkpoint: Checkpoint, *, steps: int | None = None, tile: int = 32, device: torch.device | str = "cpu"
    ) -> None:
        self._config = checkpoint.config.model
        self._model = checkpoint.model.to(device)
        self._device = torch.device(device)
        self._tokenizer = checkpoint.tokenizer
        sampling = checkpoint.config.sampling
        self._sampling = sampling.model_copy(update={"steps": steps or min(STEPS, sampling.steps)})
        self._tile = tile

    def candidates(
        self, snippets: Iterable[str], levels: Sequence[float], samples: int, seed: int
    ) -> Iterator[list[RepairCandidate]]:
        """For each snippet, ``samples`` candidates of each noise level t/T, in this order.

        There are none where the model's longest frame does not hold the snippet.
        """
        stream = iter(snippets)
        while window := list(islice(stream, WINDOW)):
            yield from self._repair(window, levels, samples, seed)

    def _repair(
        self, snippets: list[str], levels: Sequence[float], samples: int, seed: int
    ) -> Iterator[list[RepairCandidate]]:
        by_frame: dict[int, list[_Row]] = defaultdict(list)
        sources = [self._source(code) for code in snippets]
        for i, (code, source) in enumerate(zip(snippets, sources, strict=True)):
            ids = source.ids if source else self._tokenizer.encode(code)
            if len(ids) >= self._config.max_tokens:
                continue
            key = digest(code)
            by_frame[self._config.frame(len(ids))] += [
                _Row(i, level, sample, derive_seed("repair", seed, key, level, sample), ids)
                for level in levels
                for sample in range(samples)
            ]
        found: list[list[RepairCandidate]] = [[] for _ in snippets]
        for frame, rows in sorted(by_frame.items()):
            for first in range(0, len(rows), self._tile):
                tile = rows[first : first + self._tile]
                for row, ids in zip(tile, self._run_tile(tile, frame), strict=False):
                    text = self._text(sources[row.snippet], ids, row.seed)
                    found[row.snippet].append(RepairCandidate(row.level, row.sample, text))
        yield from found

    def _run_tile(self, rows: Sequence[_Row], frame: int) -> list[list[int]]:
        """The token ids at which each row ends; empty rows behind them are computed as well."""
        padded = [*rows, *[_Row(0, rows[0].level, 0, 0, [])] * (self._tile - len(rows))]
        tokens_BL = torch.full((len(padded), frame), PAD)
        for i, row in enumerate(padded):
            tokens_BL[i, : len(row.ids) + 1] = torch.tensor([*row.ids, EOS])
        noise = RowNoise([row.seed for row in padded], frame, self._config.embedding_dim, self._device)
        start_B1 = torch.tensor([[row.level] for row in padded], device=self._device)
        x_BLE = self._inject(tokens_BL.to(self._device), start_B1, noise())
        steps = reverse_diffusion(
            self._model, x_BLE, noise, self._sampling, start_B1=start_B1, decode_when=lambda t: False
        )
        last = deque(steps, maxlen=1).pop()
        assert last.tokens_BL is not None  # the step at 0 always is decoded
        ids: list[list[int]] = last.tokens_BL.tolist()
        return ids

    @torch.inference_mode()
    def _inject(self, tokens_BL: Tensor, start_B1: Tensor, noise_BLE: Tensor) -> Tensor:
        """x_t of the snippets; what no token of the model stands for is pure noise."""
        xt_BLE = self._model.process.add_noise(self._model.embeddings()[tokens_BL], start_B1, noise_BLE)
        return torch.where((tokens_BL == UNKNOWN)[..., None], noise_BLE, xt_BLE)

    def _source(self, code: str) -> Source | None:
        """The snippet's structure, where the model has slots."""
        return Source.of(self._tokenizer, code) if isinstance(self._tokenizer, StructureVocabulary) else None

    def _text(self, source: Source | None, ids: list[int], seed: int) -> str | None:
        if source is None:
            return self._tokenizer.decode(ids)
        tokens = source.vocabulary.tokens(ids)
        return None if tokens is None else source.rewritten(tokens, seed)
