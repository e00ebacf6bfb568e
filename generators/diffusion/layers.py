"""Transformer blocks of denoiser and decoder.

Shape suffixes here and in `model`: B batch, L frame length in tokens, W width, H heads, K width of a head,
E embedding, V vocabulary.
"""

from __future__ import annotations

import math
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@cache
def rotation(length: int, head_width: int, device: torch.device) -> Tensor:
    """Rotary position factors as complex numbers, shape (L, 1, K/2) (Su et al., 2021); base 200 for short code."""
    with torch.inference_mode(False):  # it is kept, and training must be able to use what sampling asked for first
        frequency_K = 200.0 ** (-torch.arange(head_width // 2, device=device) / (head_width // 2))
        angle_LK = torch.arange(length, device=device)[:, None] * frequency_K
        return torch.polar(torch.ones_like(angle_LK), angle_LK)[:, None]


class Block(nn.Module):
    """Pre-norm block of full self-attention and a feed-forward layer; it starts as the identity."""

    def __init__(self, width: int, heads: int, feedforward: int) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm = nn.LayerNorm(width)
        self.queries_keys_values = nn.Linear(width, 3 * width)
        self.attention_out = nn.Linear(width, width)
        self.feedforward_norm = nn.LayerNorm(width)
        self.feedforward_in = nn.Linear(width, feedforward * width)
        self.feedforward_out = nn.Linear(feedforward * width, width)
        for layer in (self.attention_out, self.feedforward_out):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x_BLW: Tensor, rotation_L1K: Tensor | None) -> Tensor:
        """One block; positions enter through the rotation of queries and keys, where there is one."""
        B, L, W = x_BLW.shape
        qkv = self.queries_keys_values(self.attention_norm(x_BLW)).view(B, L, 3, self.heads, W // self.heads)
        q_BLHK, k_BLHK, v_BLHK = qkv.unbind(2)
        if rotation_L1K is not None:
            q_BLHK, k_BLHK = _rotate(q_BLHK, rotation_L1K), _rotate(k_BLHK, rotation_L1K)
        attended_BHLK = _attention(q_BLHK.transpose(1, 2), k_BLHK.transpose(1, 2), v_BLHK.transpose(1, 2))
        x_BLW = x_BLW + self.attention_out(attended_BHLK.transpose(1, 2).reshape(B, L, W))
        hidden = F.silu(self.feedforward_in(self.feedforward_norm(x_BLW)))
        x_BLW = x_BLW + self.feedforward_out(hidden)
        return x_BLW


def _attention(q_BHLK: Tensor, k_BHLK: Tensor, v_BHLK: Tensor) -> Tensor:
    """Full self-attention; on a CPU in fp32 whatever the rest is in, since bf16 makes it slower there."""
    if q_BHLK.device.type == "cpu":
        with torch.autocast("cpu", enabled=False):
            return F.scaled_dot_product_attention(q_BHLK.float(), k_BHLK.float(), v_BHLK.float())
    return F.scaled_dot_product_attention(q_BHLK, k_BHLK, v_BHLK)


def _rotate(x_BLHK: Tensor, rotation_L1K: Tensor) -> Tensor:
    pairs = torch.view_as_complex(x_BLHK.float().reshape(*x_BLHK.shape[:-1], -1, 2).contiguous())
    return torch.view_as_real(pairs * rotation_L1K).flatten(-2)


class Stack(nn.Module):
    """Input projection, optional convolution stem, positions, blocks, output projection."""

    def __init__(
        self, *, inputs: int, width: int, outputs: int, heads: int, feedforward: int, blocks: int,
        kernel: int, rotary: bool, max_tokens: int,
    ) -> None:  # fmt: skip
        super().__init__()
        self.rotary = rotary
        self.head_width = width // heads
        self.project_in = nn.Linear(inputs, width)
        self.stem = nn.Conv1d(width, width, kernel, padding=kernel // 2) if kernel else None
        if self.stem is not None:
            nn.init.normal_(self.stem.weight, std=0.5 / math.sqrt(width * kernel))
        self.positions = nn.Parameter(torch.randn(max_tokens, width) * 0.02)
        self.blocks = nn.ModuleList(Block(width, heads, feedforward) for _ in range(blocks))
        self.norm = nn.LayerNorm(width)
        self.project_out = nn.Linear(width, outputs)

    def forward(self, x_BLE: Tensor, condition_BW: Tensor | None = None) -> Tensor:
        """``condition_BW`` is added to every token: what the stack knows of time and frame."""
        h_BLW = self.project_in(x_BLE)
        if self.stem is not None:
            h_BLW = h_BLW + self.stem(h_BLW.transpose(1, 2)).transpose(1, 2)
        L = h_BLW.shape[1]
        h_BLW = h_BLW + self.positions[:L]
        if condition_BW is not None:
            h_BLW = h_BLW + condition_BW[:, None]
        turn = rotation(L, self.head_width, h_BLW.device) if self.rotary else None
        for block in self.blocks:
            h_BLW = block(h_BLW, turn)
        out_BLE: Tensor = self.project_out(self.norm(h_BLW))
        return out_BLE


def time_embedding(level_B: Tensor, width: int, max_frequency: float) -> Tensor:
    """Sines and cosines of t/T at frequencies from 1 to ``max_frequency`` radians, shape (B, W)."""
    frequency = torch.exp(torch.linspace(0, math.log(max_frequency), width // 2, device=level_B.device))
    angle = level_B[:, None] * frequency
    return torch.cat([angle.sin(), angle.cos()], -1)
