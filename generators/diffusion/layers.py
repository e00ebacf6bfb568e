"""Transformer blocks of denoiser and decoder.

Shape suffixes here and in `model`: B batch, L frame length in tokens, W width, H heads, K width of a head,
E embedding, V vocabulary.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

BF16_ATTENTION = torch.cpu._is_amx_tile_supported()  # on a CPU: without AMX, attention is slower in bf16 than in fp32


def at_least_fp32(x: Tensor) -> Tensor:
    """In fp32 where it is in less, otherwise as it is: what is computed in fp64 stays so."""
    return x.to(_at_least_fp32(x.dtype))


def _at_least_fp32(dtype: torch.dtype) -> torch.dtype:
    return torch.promote_types(dtype, torch.float32)


def rotation(length: int, head_width: int) -> Tensor:
    """Cosines and sines of rotary positions, shape (2, L, 1, K/2) (Su et al., 2021); base 200 for short code."""
    frequency_K = 200.0 ** (-torch.arange(head_width // 2) / (head_width // 2))
    angle_LK = torch.arange(length)[:, None] * frequency_K
    return torch.stack([angle_LK.cos(), angle_LK.sin()])[:, :, None]


def rotate(x_BLHK: Tensor, rotation_2L1K: Tensor) -> Tensor:
    """Turn each pair of neighbouring channels by its angle; the first of all pairs come out before the second.

    Attention does not see the order of the channels, as long as queries and keys have the same.
    """
    cosine_L1K, sine_L1K = rotation_2L1K.to(x_BLHK.dtype)
    first_BLHK, second_BLHK = x_BLHK.view(*x_BLHK.shape[:-1], -1, 2).unbind(-1)
    return torch.cat(
        [first_BLHK * cosine_L1K - second_BLHK * sine_L1K, first_BLHK * sine_L1K + second_BLHK * cosine_L1K], -1
    )


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

    def forward(self, x_BLW: Tensor, rotation_2L1K: Tensor | None) -> Tensor:
        """One block; positions enter through the rotation of queries and keys, where there is one."""
        B, L, W = x_BLW.shape
        qkv = self.queries_keys_values(self.attention_norm(x_BLW)).view(B, L, 3, self.heads, W // self.heads)
        q_BLHK, k_BLHK, v_BLHK = qkv.unbind(2)
        attended_BLHK = _attention(q_BLHK, k_BLHK, v_BLHK, rotation_2L1K)
        x_BLW = x_BLW + self.attention_out(attended_BLHK.reshape(B, L, W))
        hidden = F.silu(self.feedforward_in(self.feedforward_norm(x_BLW)))
        x_BLW = x_BLW + self.feedforward_out(hidden)
        return x_BLW


def _attention(q_BLHK: Tensor, k_BLHK: Tensor, v_BLHK: Tensor, rotation_2L1K: Tensor | None) -> Tensor:
    """Full self-attention, shape (B, L, H, K), in the precision of its inputs, or in fp32 where bf16 is slower."""
    if q_BLHK.device.type == "cpu" and not BF16_ATTENTION:
        with torch.autocast("cpu", enabled=False):
            q_BLHK, k_BLHK, v_BLHK = (at_least_fp32(x_BLHK) for x_BLHK in (q_BLHK, k_BLHK, v_BLHK))
            return _attend(q_BLHK, k_BLHK, v_BLHK, rotation_2L1K)
    return _attend(q_BLHK, k_BLHK, v_BLHK, rotation_2L1K)


def _attend(q_BLHK: Tensor, k_BLHK: Tensor, v_BLHK: Tensor, rotation_2L1K: Tensor | None) -> Tensor:
    if rotation_2L1K is not None:
        q_BLHK, k_BLHK = rotate(q_BLHK, rotation_2L1K), rotate(k_BLHK, rotation_2L1K)
    q_BHLK, k_BHLK, v_BHLK = (x_BLHK.transpose(1, 2) for x_BLHK in (q_BLHK, k_BLHK, v_BLHK))
    if q_BHLK.device.type == "cuda":
        return F.scaled_dot_product_attention(q_BHLK, k_BHLK, v_BHLK).transpose(1, 2)
    # On a CPU, for these short frames, PyTorch's fused attention has a backward pass that takes ten times as long.
    scores_BHLL: Tensor = (q_BHLK * q_BHLK.shape[-1] ** -0.5) @ k_BHLK.transpose(2, 3)
    weights_BHLL = scores_BHLL.softmax(-1, dtype=_at_least_fp32(scores_BHLL.dtype)).to(v_BHLK.dtype)
    attended_BHLK: Tensor = weights_BHLL @ v_BHLK
    return attended_BHLK.transpose(1, 2)


class Stack(nn.Module):
    """Input projection, optional convolution stem, positions, blocks, output projection."""

    rotation_2L1K: Tensor | None  # of the longest frame

    def __init__(
        self, *, inputs: int, width: int, outputs: int, heads: int, feedforward: int, blocks: int,
        kernel: int, rotary: bool, max_tokens: int,
    ) -> None:  # fmt: skip
        super().__init__()
        turn = rotation(max_tokens, width // heads) if rotary else None
        self.register_buffer("rotation_2L1K", turn, persistent=False)
        self.project_in = nn.Linear(inputs, width)
        self.stem = nn.Conv1d(width, width, kernel, padding=kernel // 2) if kernel else None
        if self.stem is not None:
            nn.init.normal_(self.stem.weight, std=0.5 / math.sqrt(width * kernel))
        self.positions = nn.Parameter(torch.randn(max_tokens, width) * 0.02)
        self.blocks = nn.ModuleList(Block(width, heads, feedforward) for _ in range(blocks))
        self.norm = nn.LayerNorm(width)
        self.project_out = nn.Linear(width, outputs)

    def forward(self, x_BLE: Tensor, condition_BLW: Tensor | None = None) -> Tensor:
        """``condition_BLW`` is added to the tokens: what the stack knows of time and frame; (B, 1, W) to all alike."""
        h_BLW = self.project_in(x_BLE)
        if self.stem is not None:
            h_BLW = h_BLW + self.stem(h_BLW.transpose(1, 2)).transpose(1, 2)
        L = h_BLW.shape[1]
        h_BLW = h_BLW + self.positions[:L]
        if condition_BLW is not None:
            h_BLW = h_BLW + condition_BLW
        turn = None if self.rotation_2L1K is None else self.rotation_2L1K[:, :L]
        for block in self.blocks:
            h_BLW = block(h_BLW, turn)
        out_BLE: Tensor = self.project_out(self.norm(h_BLW))
        return out_BLE


def time_embedding(level_BL: Tensor, width: int, max_frequency: float) -> Tensor:
    """Sines and cosines of t/T at frequencies from 1 to ``max_frequency`` radians, shape (B, L, W)."""
    frequency = torch.exp(torch.linspace(0, math.log(max_frequency), width // 2, device=level_BL.device))
    angle = level_BL[..., None] * frequency
    return torch.cat([angle.sin(), angle.cos()], -1)
