"""What training does differently on a GPU: data that lies there, few shapes, blocks compiled for them."""

from __future__ import annotations

import random
from collections import defaultdict

import torch
from torch import Tensor, nn

from generators.diffusion.config import Preset
from generators.diffusion.data import Batches, Dataset, pad
from generators.diffusion.layers import Block
from schemas.ids import derive_seed

_SHAPES = 64  # that the blocks may be compiled for: frames, with gradients and without, of denoiser and decoder


def compile_blocks(model: nn.Module, backend: str = "inductor") -> None:
    """Compile each transformer block as a whole, anew for every frame; names and values of its weights stay."""
    torch._dynamo.config.recompile_limit = max(_SHAPES, torch._dynamo.config.recompile_limit)
    for block in model.modules():
        if isinstance(block, Block):
            block.compile(fullgraph=True, dynamic=False, backend=backend)


class DeviceBatches(Batches):
    """Batches of rows that lie on a device as one tensor; all batches of a frame have one shape.

    To be told apart by few shapes is what compiled code needs: choose few frames with ``model.frame_step``.
    """

    def __init__(self, dataset: Dataset, preset: Preset, device: torch.device) -> None:
        super().__init__(dataset, preset)
        self._settings, self._model = preset.training, preset.model
        self._tokens_NL = pad(dataset.train, preset.model.max_tokens).to(device)
        self._rows: dict[int, list[int]] = defaultdict(list)  # by frame
        for row, ids in enumerate(dataset.train):
            self._rows[preset.model.frame(len(ids))].append(row)

    def epoch(self, epoch: int) -> list[Tensor]:
        """Shuffled batches of ``batch_tokens`` tokens, or of a whole frame that has fewer; (B, L) on the device.

        What makes no full batch is left out of the epoch: other rows in every epoch.
        """
        rng = random.Random(derive_seed("epoch", self._settings.seed, epoch))
        batches: list[tuple[int, list[int]]] = []
        for frame, rows in sorted(self._rows.items()):
            shuffled = rng.sample(rows, len(rows))
            size = min(max(4, self._settings.batch_tokens // frame), len(rows))
            batches += [(frame, shuffled[i : i + size]) for i in range(0, len(rows) - size + 1, size)]
        rng.shuffle(batches)
        device = self._tokens_NL.device
        return [self._tokens_NL[torch.tensor(rows, device=device), :frame] for frame, rows in batches]

    def keywords(self, tokens_BL: Tensor) -> Tensor:
        """As of `Batches`, on the device; paragraph denoising waits for it at every step."""
        return super().keywords(tokens_BL).to(tokens_BL.device)
