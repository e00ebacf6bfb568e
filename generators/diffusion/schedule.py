"""Noise schedules: how much of the signal is left at noise level t/T, and the learned warp of time."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from generators.diffusion.config import ScheduleName

_KNOTS = 101
_BINS = 20


def alpha_bar(level: Tensor, schedule: ScheduleName) -> Tensor:
    """Share of the signal's variance at noise level t/T in [0, 1], kept inside (0, 1).

    ``sqrt`` is Diffusion-LM's (Li et al., 2022), which the paper uses; ``linear`` is DDPM's in continuous time;
    ``logsnr`` falls linearly in the log signal-to-noise ratio.
    """
    if schedule == "sqrt":
        value = 1 - torch.sqrt(level + 1e-4)
    elif schedule == "cosine":
        value = torch.cos(level * math.pi / 2) ** 2
    elif schedule == "linear":
        value = torch.exp(-0.5 * level**2 * 19.9 - 0.05 * level)
    else:
        value = torch.sigmoid(8 - 16 * level)
    return value.clamp(1e-5, 1 - 1e-5)


class TimeWarp(nn.Module):
    """A monotone map of [0, 1] onto itself, fitted so that cross-entropy grows linearly with t.

    Time warping of CDCD (Dieleman et al., 2022): training effort then goes where there is something to learn.
    """

    knots: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("knots", torch.linspace(0, 1, _KNOTS))

    def forward(self, level_B: Tensor) -> Tensor:
        """Piecewise linear interpolation between the knots."""
        position_B = level_B * (_KNOTS - 1)
        left_B = position_B.floor().clamp(0, _KNOTS - 2).long()
        low_B, high_B = self.knots[left_B], self.knots[left_B + 1]
        return low_B + (position_B - left_B) * (high_B - low_B)

    def refit(self, cross_entropy: Tensor) -> None:
        """Compose the warp with the inverse of the measured cross-entropy curve.

        Args:
            cross_entropy: mean cross-entropy in each of ``TimeWarp.bins()`` equal bins of the present time.
        """
        device = self.knots.device
        risen = cross_entropy.to(device).clamp(min=0)
        curve = torch.cummax(torch.cat([torch.zeros(1, device=device), risen]), 0)[0]
        grid = torch.linspace(0, 1, _BINS + 1, device=device)
        cdf = 0.8 * curve / curve[-1].clamp(min=1e-9) + 0.2 * grid  # mixed with uniform: no level is starved
        target = torch.linspace(0, 1, _KNOTS, device=device)
        right = torch.searchsorted(cdf.contiguous(), target).clamp(1, _BINS)
        slope = (target - cdf[right - 1]) / (cdf[right] - cdf[right - 1] + 1e-9)
        inverse = grid[right - 1] + slope * (grid[right] - grid[right - 1])
        knots = self(inverse.clamp(0, 1)).clamp(0, 1)
        knots[0], knots[-1] = 0.0, 1.0
        self.knots.copy_(knots)

    @staticmethod
    def bins() -> int:
        """How many bins `refit` expects."""
        return _BINS
