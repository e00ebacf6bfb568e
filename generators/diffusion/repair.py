"""Diffusion steps as repair operators (paper, section 3.2): noise a broken snippet, resume the reverse process.

x_t = sqrt(alpha_bar_t) E(c) + sqrt(1 - alpha_bar_t) epsilon, then the reverse process from t to 0 as in sampling.
"""

from __future__ import annotations

import random
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

import torch
from torch import Tensor

from generators.diffusion.checkpoint import Checkpoint
from generators.diffusion.config import EOS, PAD, UNKNOWN
from generators.diffusion.literals import restored, shrunk
from generators.diffusion.sampler import RowNoise, reverse_diffusion
from schemas.ids import derive_seed, digest
from validators import Token, get_language

Canvas = Literal["fixed", "shifted"]

STEPS = 20  # the way is shorter than from pure noise
WINDOW = 256  # snippets whose rows are batched together
ROOM = 2  # tokens that a repair may be longer than what it repairs, at least
NEAR = 3  # tokens around the place of the error where most shifts happen


@dataclass(frozen=True, slots=True)
class RepairCandidate:
    """Where one noised copy of a snippet ended; not judged yet."""

    level: float  # t/T that was injected
    sample: int  # from 0, of that level
    text: str | None  # None: it cannot be decoded


@dataclass(frozen=True, slots=True)
class _Source:
    """A snippet as the model is given it."""

    pieces: list[tuple[Token, str]]  # its tokens, and what stands for them where literals are shrunk
    ids: list[int]
    error: int  # index of the token where the validator saw the error
    key: str


@dataclass(frozen=True, slots=True)
class _Row:
    snippet: int
    level: float
    sample: int
    seed: int
    ids: list[int]  # `UNKNOWN` is a gap: pure noise


class RepairOperator:
    """Repairs snippets with a model that has only seen correct ones.

    A candidate depends on the snippet, the level, the sample and the seed, and not on what is repaired beside it: rows
    run in tiles of fixed shape, empty slots included, as in `DiffusionGenerator`.

    Args:
        checkpoint: of the model. Where it was trained on shrunk literals the snippet's are shrunk before, and copied
            back by class after the reverse process.
        steps: of the reverse process from any level to 0; if not given, the checkpoint's, at most `STEPS`.
        canvas: ``fixed`` noises the tokens where they stand, as the paper does, so that no token can move. ``shifted``
            does so with the first sample of each level; of the others, each leaves out a token or opens a gap of pure
            noise, mostly near the place that the validator names, so that what follows has moved.
        tile: rows in one call of the model.
        device: to run on.
    """

    def __init__(
        self, checkpoint: Checkpoint, *, steps: int | None = None, canvas: Canvas = "fixed", tile: int = 32,
        device: torch.device | str = "cpu",
    ) -> None:  # fmt: skip
        self._config = checkpoint.config.model
        self._model = checkpoint.model.to(device)
        self._device = torch.device(device)
        self._tokenizer = checkpoint.tokenizer
        self._words = checkpoint.tokenizer.words
        self._language = get_language(checkpoint.config.language)
        self._shrinks = checkpoint.config.training.delexicalise
        sampling = checkpoint.config.sampling
        self._sampling = sampling.model_copy(update={"steps": steps or min(STEPS, sampling.steps)})
        self._canvas = canvas
        self._tile = tile

    def candidates(
        self, snippets: Iterable[str], levels: Sequence[float], samples: int, seed: int
    ) -> Iterator[list[RepairCandidate]]:
        """For each snippet, ``samples`` candidates of each noise level t/T, in this order.

        There are none where the snippet is too long for the model: its longest frame must hold `ROOM` more tokens.
        """
        stream = iter(snippets)
        while window := list(islice(stream, WINDOW)):
            yield from self._repair(window, levels, samples, seed)

    def _repair(
        self, snippets: list[str], levels: Sequence[float], samples: int, seed: int
    ) -> Iterator[list[RepairCandidate]]:
        sources = [self._source(code) for code in snippets]
        by_frame: dict[int, list[_Row]] = defaultdict(list)
        for i, source in enumerate(sources):
            if source is None:
                continue
            frame = self._config.frame(len(source.ids) + ROOM)
            for level in levels:
                for sample in range(samples):
                    row_seed = derive_seed("repair", seed, source.key, level, sample)
                    by_frame[frame].append(_Row(i, level, sample, row_seed, self._shifted(source, sample, row_seed)))
        found: list[list[RepairCandidate]] = [[] for _ in snippets]
        for frame, rows in sorted(by_frame.items()):
            for first in range(0, len(rows), self._tile):
                tile = rows[first : first + self._tile]
                for row, ids in zip(tile, self._run_tile(tile, frame), strict=False):
                    text = self._text(sources[row.snippet], ids)
                    found[row.snippet].append(RepairCandidate(row.level, row.sample, text))
        yield from found

    def _source(self, code: str) -> _Source | None:
        language = self._language
        if self._shrinks:
            pieces = shrunk(language, code, self._words)
        else:
            pieces = [(token, token.text) for token in language.tokens(code)]
        ids = self._tokenizer.encode("".join(text for _, text in pieces))
        if len(ids) + ROOM >= self._config.max_tokens:
            return None
        offset = language.check(code).offset or 0
        before = self._tokenizer.encode("".join(text for token, text in pieces if token.start < offset))
        return _Source(pieces, ids, min(len(before), len(ids)), digest(code))

    def _shifted(self, source: _Source, sample: int, row_seed: int) -> list[int]:
        """The ids on the canvas."""
        ids = list(source.ids)
        if self._canvas == "fixed" or sample == 0:
            return ids
        rng = random.Random(derive_seed("canvas", row_seed))
        near = rng.random() < 0.75
        place = source.error + rng.randint(-NEAR, NEAR) if near else rng.randrange(len(ids) + 1)
        place = min(max(place, 0), len(ids))
        move = rng.choice(("insert", "replace", "delete"))
        if move == "insert" or place == len(ids):
            return [*ids[:place], UNKNOWN, *ids[place:]]
        return [*ids[:place], *([UNKNOWN] if move == "replace" else []), *ids[place + 1 :]]

    def _run_tile(self, rows: Sequence[_Row], frame: int) -> list[list[int]]:
        """The token ids at which each row ends; slots beyond the rows are computed as well."""
        empty = [_Row(0, rows[0].level, 0, 0, [])] * (self._tile - len(rows))
        slots = [*rows, *empty]
        tokens_BL = torch.full((len(slots), frame), PAD)
        for i, row in enumerate(slots):
            tokens_BL[i, : len(row.ids) + 1] = torch.tensor([*row.ids, EOS])
        noise = RowNoise([row.seed for row in slots], frame, self._config.embedding_dim, self._device)
        start_B = torch.tensor([row.level for row in slots], device=self._device)
        x_BLE = self._inject(tokens_BL.to(self._device), start_B, noise())
        steps = reverse_diffusion(
            self._model, x_BLE, noise, self._sampling, start_B=start_B, decode_when=lambda t: False
        )
        last = deque(steps, maxlen=1).pop()
        assert last.tokens_BL is not None  # the step at 0 always is decoded
        ids: list[list[int]] = last.tokens_BL.tolist()
        return ids

    @torch.inference_mode()
    def _inject(self, tokens_BL: Tensor, start_B: Tensor, noise_BLE: Tensor) -> Tensor:
        """x_t of the snippets; what no token of the model stands for is pure noise."""
        signal = self._model.alpha_bar(start_B)
        xt_BLE = signal.sqrt() * self._model.embeddings()[tokens_BL] + (1 - signal).sqrt() * noise_BLE
        return torch.where((tokens_BL == UNKNOWN)[..., None], noise_BLE, xt_BLE)

    def _text(self, source: _Source | None, ids: list[int]) -> str | None:
        text = self._tokenizer.decode(ids)
        if text is None or source is None or not self._shrinks:
            return text
        return restored(self._language, source.pieces, text)
