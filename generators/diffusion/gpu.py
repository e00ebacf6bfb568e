"""What training does differently on a GPU: data that lies there, batches of few shapes, compiled blocks."""

from __future__ import annotations

import random
from collections import defaultdict
from typing import NamedTuple

import torch
from torch import Tensor, nn

from generators.diffusion.config import Preset
from generators.diffusion.data import Batches, Dataset, pad
from generators.diffusion.draws import Draws
from generators.diffusion.layers import Block
from generators.diffusion.loss import DiffusionLoss, LossTerms
from schemas.ids import derive_seed

_VARIANTS = 16  # that the blocks may be compiled to: with gradients and without, of denoiser and decoder
_WARM_UP = 2  # passes before one is recorded, which allocate and compile what they need


def compile_blocks(model: nn.Module, backend: str = "inductor") -> None:
    """Compile each transformer block as a whole, once for all frames; names and values of its weights stay."""
    torch._dynamo.config.recompile_limit = max(_VARIANTS, torch._dynamo.config.recompile_limit)
    for block in model.modules():
        if isinstance(block, Block):
            block.compile(fullgraph=True, dynamic=True, backend=backend)


class RecordedPasses:
    """Forward and backward passes of a loss, recorded once for each shape of a batch and then replayed.

    A step has thousands of small operations: launched one by one, they take a GPU several times as long as it computes.
    The gradients of a pass are valid until the next one.
    """

    def __init__(self, loss: DiffusionLoss) -> None:
        self._loss = loss
        self._parameters = list(loss.parameters())
        self._memory = torch.cuda.graph_pool_handle()
        self._recorded: dict[tuple[torch.Size, bool, bool], _Recorded] = {}

    def __call__(self, tokens_BL: Tensor, draws: Draws) -> LossTerms:
        """The loss of a batch; its gradients are then those of the parameters."""
        given = [tokens_BL, draws.level_B1, draws.noise_BLE, *([] if draws.noised_BL is None else [draws.noised_BL])]
        key = tokens_BL.shape, draws.self_condition, draws.noised_BL is not None
        if key not in self._recorded:
            self._recorded[key] = self._record([tensor.clone() for tensor in given], draws.self_condition)
        recorded = self._recorded[key]
        for kept, tensor in zip(recorded.inputs, given, strict=True):
            kept.copy_(tensor)
        recorded.graph.replay()
        for parameter, gradient in zip(self._parameters, recorded.gradients, strict=True):
            parameter.grad = gradient
        return LossTerms(*(term.clone() for term in recorded.terms))

    def _record(self, inputs: list[Tensor], self_condition: bool) -> _Recorded:
        def forward_and_backward() -> LossTerms:
            for parameter in self._parameters:
                parameter.grad = None
            tokens_BL, level_B1, noise_BLE, *noised = inputs
            terms: LossTerms = self._loss(tokens_BL, level_B1, noise_BLE, self_condition, *noised)
            terms.total.backward()  # type: ignore[no-untyped-call]
            return terms

        aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(_WARM_UP):
                forward_and_backward()
        torch.cuda.current_stream().wait_stream(aside)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self._memory):
            terms = forward_and_backward()
        kept = [term.detach() for term in terms]
        return _Recorded(graph, inputs, kept, [parameter.grad for parameter in self._parameters])


class _Recorded(NamedTuple):
    graph: torch.cuda.CUDAGraph
    inputs: list[Tensor]
    terms: list[Tensor]
    gradients: list[Tensor | None]


class DeviceBatches(Batches):
    """Batches of rows that lie on a device as one tensor; all batches of a frame have one shape."""

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
