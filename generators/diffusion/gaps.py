"""Gaps: noise only where something may be wrong, or shall become wrong.

A canvas is a snippet of which some tokens were taken out in one place and some slots of pure noise opened there. The
rest stays exactly clean at every step: each token has its own noise level, and theirs is 0 (the paper's paragraph
denoising, section 4.1, also noises some tokens only). So the text can grow and shrink, and what is right is kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from generators.diffusion.checkpoint import Checkpoint
from generators.diffusion.config import EOS, PAD, UNKNOWN, SamplingConfig
from generators.diffusion.sampler import Given, RowNoise, reverse_diffusion

OPEN = -1  # stands in a canvas for a token that is to be found
_NO_TOKENS = [PAD, EOS, UNKNOWN]  # what a gap is never filled with


@dataclass(frozen=True, slots=True)
class Canvas:
    """A snippet with ``opened`` places of pure noise where ``removed`` tokens stood, from the token ``first`` on."""

    ids: tuple[int, ...]  # `OPEN` where noise stands
    first: int
    removed: int
    opened: int

    @classmethod
    def cut(cls, ids: Sequence[int], first: int, removed: int, opened: int) -> Canvas:
        """The canvas of a snippet's token ids."""
        return cls((*ids[:first], *[OPEN] * opened, *ids[first + removed :]), first, removed, opened)

    def filled(self, tokens: Sequence[int]) -> list[int]:
        """The canvas's ids with these in the gap."""
        return [*self.ids[: self.first], *tokens, *self.ids[self.first + self.opened :]]


class GapFiller:
    """Runs the reverse process in the gaps of canvases.

    Rows run in tiles of one frame length. Where tiles are padded with empty rows to a fixed shape, what becomes of a
    canvas depends on it and on its seed alone; where they are not, on the whole list that it is given in, since a
    matrix product may round differently for another shape.

    Args:
        checkpoint: of the model.
        sampling: how the reverse process runs; with 0 steps the gap is guessed from noise in one evaluation.
        tile: canvases in one call of the model.
        padded: whether a tile that is not full is computed as if it were.
        device: to run on.
    """

    def __init__(
        self, checkpoint: Checkpoint, sampling: SamplingConfig, *, tile: int = 32, padded: bool = True,
        device: torch.device | str = "cpu",
    ) -> None:  # fmt: skip
        self._model = checkpoint.model.to(device)
        self._config = checkpoint.config.model
        self._sampling = sampling
        self._tile = tile
        self._padded = padded
        self._device = torch.device(device)

    def fits(self, canvas: Canvas) -> bool:
        """Whether the model's longest frame holds the canvas."""
        return len(canvas.ids) < self._config.max_tokens

    def log_probabilities(self, canvases: Sequence[Canvas], seeds: Sequence[int]) -> list[Tensor]:
        """For each canvas the log-probabilities of the tokens of its gap, shape (opened, V), on the CPU.

        Padding, end of sequence and the unknown token have none.
        """
        found: list[Tensor] = [torch.empty(0)] * len(canvases)
        by_frame: dict[int, list[int]] = defaultdict(list)
        for i, canvas in enumerate(canvases):
            by_frame[self._config.frame(len(canvas.ids))].append(i)
        for frame, indices in sorted(by_frame.items()):
            for start in range(0, len(indices), self._tile):
                tile = indices[start : start + self._tile]
                rows = self._run([canvases[i] for i in tile], [seeds[i] for i in tile], frame)
                for i, logits in zip(tile, rows, strict=True):
                    found[i] = logits
        return found

    @torch.inference_mode()
    def _run(self, canvases: Sequence[Canvas], seeds: Sequence[int], frame: int) -> Iterator[Tensor]:
        count = self._tile if self._padded else len(canvases)
        tokens_BL = torch.full((count, frame), PAD)
        open_BL = torch.zeros(count, frame, dtype=torch.bool)
        for row, canvas in enumerate(canvases):
            tokens_BL[row, : len(canvas.ids) + 1] = torch.tensor([*canvas.ids, EOS])
            open_BL[row, canvas.first : canvas.first + canvas.opened] = True
        tokens_BL = tokens_BL.masked_fill(open_BL, PAD).to(self._device)
        given = Given(~open_BL.to(self._device), self._model.embeddings()[tokens_BL])
        noise = RowNoise([*seeds, *[0] * (count - len(seeds))], frame, self._config.embedding_dim, self._device)
        for step in reverse_diffusion(
            self._model, noise(), noise, self._sampling, given=given, decode_when=lambda t: False
        ):
            last = step
        assert last.logits_BLV is not None  # the step at 0 always is decoded
        logits_BLV = last.logits_BLV.cpu()
        logits_BLV[..., _NO_TOKENS] = -torch.inf
        for row, canvas in enumerate(canvases):
            yield logits_BLV[row, canvas.first : canvas.first + canvas.opened].log_softmax(-1)
