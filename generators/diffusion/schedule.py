"""Noise schedules: how much of the signal is left at noise level t/T, and the learned warp of time."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from generators.diffusion.config import ScheduleName

_KNOTS = 101
_BINS = 20
_SQRT_OFFSET = 1e-4  # of the level: some noise where t is 0


def alpha_bar(level: Tensor, schedule: ScheduleName) -> Tensor:
    """Share of the signal's variance at noise level t/T in [0, 1], kept inside (0, 1).

    ``sqrt`` is Diffusion-LM's (Li et al., 2022), which the paper uses; ``linear`` is DDPM's in continuous time;
    ``logsnr`` falls linearly in the log signal-to-noise ratio.
    """
    if schedule == "sqrt":
        value = 1 - torch.sqrt(level + _SQRT_OFFSET)
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
        """Make the measured cross-entropy linear in the new time.

        What is lost without any noise is not counted, or the first bin would take ever more of the time; and a fifth
        of the time is spread evenly over the old one, so that no noise level is starved.

        Args:
            cross_entropy: mean cross-entropy in each of ``TimeWarp.bins()`` equal bins of the present time.
        """
        device = self.knots.device
        bins, first, last = cross_entropy.to(device), cross_entropy[:2].to(device), cross_entropy[-2:].to(device)
        edges = torch.cat([first[:1] - first.diff() / 2, (bins[:-1] + bins[1:]) / 2, last[1:] + last.diff() / 2])
        curve = torch.cummax((edges - edges[0]).clamp(min=0), 0)[0]
        unwarped = self(torch.linspace(0, 1, _BINS + 1, device=device))  # where the bins are without a warp
        time = 0.8 * curve / curve[-1].clamp(min=1e-9) + 0.2 * unwarped
        time = time / time[-1]
        target = torch.linspace(0, 1, _KNOTS, device=device)
        right = torch.searchsorted(time.contiguous(), target).clamp(1, _BINS)
        share = (target - time[right - 1]) / (time[right] - time[right - 1]).clamp(min=1e-9)
        knots = (unwarped[right - 1] + share * (unwarped[right] - unwarped[right - 1])).clamp(0, 1)
        knots[0], knots[-1] = 0.0, 1.0
        self.knots.copy_(knots)

    @staticmethod
    def bins() -> int:
        """How many bins `refit` expects."""
        return _BINS
