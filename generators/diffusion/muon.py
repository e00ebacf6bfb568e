"""Muon: momentum whose matrices are made orthogonal before they are applied (Jordan et al., 2024).

For the matrices of the transformer blocks; everything else is AdamW's. Both take the same learning rate.

Shape suffixes: N matrices of one shape, R rows, C columns.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from generators.diffusion.config import TrainingConfig
from generators.diffusion.layers import Block

MOMENTUM = 0.95
FACTOR = 12.0  # of the learning rate, so that AdamW's serves both
_ITERATIONS = 5
_COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # of the quintic that drives singular values towards 1


class Muon(torch.optim.Optimizer):
    """Matrices of ``thirds`` are three in one, one below the other: queries, keys and values."""

    def __init__(self, matrices: Iterable[Tensor], thirds: Iterable[Tensor], *, lr: float, weight_decay: float) -> None:
        groups = [{"params": list(matrices), "parts": 1}, {"params": list(thirds), "parts": 3}]
        super().__init__(groups, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Nesterov momentum, made orthogonal, after weight decay as AdamW's."""
        parts: dict[tuple[int, ...], list[tuple[Tensor, Tensor, float]]] = defaultdict(list)
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                momentum = state["momentum"] = state["momentum"] if state else torch.zeros_like(parameter)
                momentum.mul_(MOMENTUM).add_(parameter.grad)
                direction = parameter.grad + MOMENTUM * momentum
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
                for part, of in zip(parameter.chunk(group["parts"]), direction.chunk(group["parts"]), strict=True):
                    parts[of.shape].append((part, of, group["lr"]))
        for (rows, columns), found in parts.items():  # those of one shape at once: few large products
            updates = orthogonal(torch.stack([of for _, of, _ in found])) * max(1, rows / columns) ** 0.5
            for (part, _, rate), update in zip(found, updates, strict=True):
                part.add_(update, alpha=-FACTOR * rate)


def orthogonal(x_NRC: Tensor) -> Tensor:
    """Each matrix with its singular values brought close to 1, by Newton and Schulz's iteration."""
    a, b, c = _COEFFICIENTS
    tall = x_NRC.shape[1] > x_NRC.shape[2]
    x: Tensor = x_NRC.mT if tall else x_NRC
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(_ITERATIONS):
        square = x @ x.mT
        x = a * x + (b * square + c * square @ square) @ x
    return x.mT if tall else x


def make_optimisers(model: nn.Module, settings: TrainingConfig) -> list[torch.optim.Optimizer]:
    """AdamW for all parameters, or Muon for the matrices of the blocks and AdamW for the rest."""
    rest = dict(model.named_parameters())
    optimisers: list[torch.optim.Optimizer] = []
    blocks = [block for block in model.modules() if isinstance(block, Block)]
    if settings.optimiser == "muon" and blocks:
        thirds = [block.queries_keys_values.weight for block in blocks]
        layers = [(block.attention_out, block.feedforward_in, block.feedforward_out) for block in blocks]
        matrices = [layer.weight for three in layers for layer in three]
        optimisers.append(Muon(matrices, thirds, lr=settings.learning_rate, weight_decay=settings.weight_decay))
        taken = {id(parameter) for parameter in (*thirds, *matrices)}
        rest = {name: parameter for name, parameter in rest.items() if id(parameter) not in taken}
    adamw = torch.optim.AdamW(
        rest.values(), lr=settings.learning_rate, betas=(0.9, settings.beta2), weight_decay=settings.weight_decay,
        fused=True,
    )  # fmt: skip
    return [adamw, *optimisers]
