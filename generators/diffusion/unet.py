"""A U-Net over the token axis, the denoiser of the ablation (Ronneberger et al., 2015).

One dimension instead of two, otherwise as in latent diffusion (Rombach et al., 2022): residual blocks with group
normalisation and SiLU, each told of time and frame; two of them at each of three resolutions with 1, 2 and 4 times
the channels; self-attention at the two lower resolutions; skip connections; the last layer of every branch zero.
Positions are not told: they come from the padding of the convolutions, as with images.

Shape suffixes: B batch, L length at the present resolution, C channels, H heads, K width of a head, W width of the
condition, E embedding.
"""

from __future__ import annotations

from typing import TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_MULTIPLIERS = (1, 2, 4)  # of the channels, at full, half and quarter length
_BLOCKS = 2  # at each length, on the way down and on the way up
_GROUPS = 8  # of channels: 12 in each at the paper's width; the usual 32 groups would leave 3
_HEAD_WIDTH = 32

Layer = TypeVar("Layer", bound=nn.Module)


def base_channels(width: int) -> int:
    """Channels at full resolution: 3/16 of the width, which gives half of the parameters of ten transformer blocks."""
    return max(16, 16 * (3 * width // 256))


class UNet(nn.Module):
    """Takes and gives (B, L, E) like a `Stack`, for any L."""

    def __init__(self, *, inputs: int, outputs: int, width: int) -> None:
        super().__init__()
        channels = [base_channels(width) * multiplier for multiplier in _MULTIPLIERS]
        top, bottom = channels[0], channels[-1]
        self.project_in = nn.Conv1d(inputs, top, 3, padding=1)
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        before = top
        for here in channels:
            for _ in range(_BLOCKS):
                self.down.append(_Block(before, here, width, attends=here > top))
                before = here
        self.middle = nn.ModuleList(_Block(bottom, bottom, width, attends=i == 0) for i in range(2))
        for here in reversed(channels):
            for _ in range(_BLOCKS):
                self.up.append(_Block(before + here, here, width, attends=here > top))
                before = here
        self.shrink = nn.ModuleList(nn.Conv1d(c, c, 3, stride=2, padding=1) for c in channels[:-1])
        self.grow = nn.ModuleList(nn.Conv1d(c, c, 3, padding=1) for c in channels[:0:-1])
        self.norm = nn.GroupNorm(_GROUPS, top)
        self.project_out = _zeroed(nn.Conv1d(top, outputs, 3, padding=1))

    def forward(self, x_BLE: Tensor, condition_BLW: Tensor) -> Tensor:
        """``condition_BLW`` is what the blocks are told of time and frame; (B, 1, W) where all tokens share it."""
        length = x_BLE.shape[1]
        padding = -length % 2 ** len(self.shrink)  # so that every halving is exact
        condition_BWL = condition_BLW.transpose(1, 2)
        if condition_BWL.shape[-1] > 1:
            condition_BWL = F.pad(condition_BWL, (0, padding))
        h_BCL = self.project_in(F.pad(x_BLE.transpose(1, 2), (0, padding)))
        skipped: list[Tensor] = []
        for i, block in enumerate(self.down):
            if i > 0 and i % _BLOCKS == 0:
                h_BCL = self.shrink[i // _BLOCKS - 1](h_BCL)
            h_BCL = block(h_BCL, condition_BWL)
            skipped.append(h_BCL)
        for block in self.middle:
            h_BCL = block(h_BCL, condition_BWL)
        for i, block in enumerate(self.up):
            if i > 0 and i % _BLOCKS == 0:
                h_BCL = self.grow[i // _BLOCKS - 1](F.interpolate(h_BCL, scale_factor=2.0))
            h_BCL = block(torch.cat([h_BCL, skipped.pop()], 1), condition_BWL)
        out_BEL: Tensor = self.project_out(F.silu(self.norm(h_BCL)))
        return out_BEL[..., :length].transpose(1, 2)


class _Block(nn.Module):
    """A residual block, with self-attention behind it at lower resolutions."""

    def __init__(self, inputs: int, outputs: int, width: int, *, attends: bool) -> None:
        super().__init__()
        self.norm_in = nn.GroupNorm(_GROUPS, inputs)
        self.conv_in = nn.Conv1d(inputs, outputs, 3, padding=1)
        self.condition = nn.Linear(width, outputs)
        self.norm_out = nn.GroupNorm(_GROUPS, outputs)
        self.conv_out = _zeroed(nn.Conv1d(outputs, outputs, 3, padding=1))
        self.shortcut = nn.Conv1d(inputs, outputs, 1) if inputs != outputs else nn.Identity()
        self.attention = _Attention(outputs) if attends else nn.Identity()

    def forward(self, x_BCL: Tensor, condition_BWL: Tensor) -> Tensor:
        h_BCL = self.conv_in(F.silu(self.norm_in(x_BCL)))
        if condition_BWL.shape[-1] > 1:  # that of a token here is the mean of those that it stands for
            condition_BWL = F.adaptive_avg_pool1d(condition_BWL, h_BCL.shape[-1])
        h_BCL = h_BCL + self.condition(F.silu(condition_BWL).transpose(1, 2)).transpose(1, 2)
        h_BCL = self.conv_out(F.silu(self.norm_out(h_BCL)))
        out_BCL: Tensor = self.attention(self.shortcut(x_BCL) + h_BCL)
        return out_BCL


class _Attention(nn.Module):
    """Full self-attention between the positions of one resolution."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(_GROUPS, channels)
        self.queries_keys_values = nn.Conv1d(channels, 3 * channels, 1)
        self.out = _zeroed(nn.Conv1d(channels, channels, 1))

    def forward(self, x_BCL: Tensor) -> Tensor:
        B, C, L = x_BCL.shape
        qkv = self.queries_keys_values(self.norm(x_BCL)).view(B, 3, C // _HEAD_WIDTH, _HEAD_WIDTH, L)
        q_BHLK, k_BHLK, v_BHLK = qkv.transpose(-1, -2).unbind(1)
        attended_BHLK = F.scaled_dot_product_attention(q_BHLK, k_BHLK, v_BHLK)
        out_BCL: Tensor = x_BCL + self.out(attended_BHLK.transpose(-1, -2).reshape(B, C, L))
        return out_BCL


def _zeroed(layer: Layer) -> Layer:
    """The layer with all parameters zero: what it ends starts as the identity."""
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    return layer
