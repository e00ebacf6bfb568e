"""The code diffusion model: embedding E, denoiser N, decoder D, head H (paper, sections 2.2, 3.1 and 4.1)."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from generators.diffusion.config import ModelConfig
from generators.diffusion.layers import Stack, time_embedding
from generators.diffusion.process import NoiseProcess
from generators.diffusion.unet import UNet


class CodeDiffusion(nn.Module):
    """CodeFusion without its encoder: code from pure Gaussian noise. For shape suffixes see `layers`."""

    def __init__(self, config: ModelConfig, vocabulary: int) -> None:
        super().__init__()
        self.config = config
        c = config
        self.embedding = nn.Embedding(vocabulary, c.embedding_dim)
        shape: dict[str, Any] = {
            "width": c.width, "heads": c.heads, "feedforward": c.feedforward, "rotary": c.rotary,
            "max_tokens": c.max_tokens,
        }  # fmt: skip
        inputs = c.embedding_dim * (2 if c.self_conditioning else 1)
        self.denoiser: nn.Module
        if c.denoiser == "unet":
            self.denoiser = UNet(inputs=inputs, outputs=c.embedding_dim, width=c.width)
        else:
            self.denoiser = Stack(
                inputs=inputs, outputs=c.embedding_dim, blocks=c.denoiser_blocks, kernel=c.denoiser_kernel, **shape
            )
        if c.rounding == "decoder":
            self.decoder = Stack(
                inputs=c.embedding_dim, outputs=c.embedding_dim, blocks=c.decoder_blocks, kernel=c.decoder_kernel,
                **shape,
            )  # fmt: skip
            self.head = nn.Linear(c.embedding_dim, vocabulary)
        self.time = nn.Sequential(nn.Linear(c.width, c.width), nn.SiLU(), nn.Linear(c.width, c.width))
        self.frame = nn.Embedding(len(c.frames), c.width)
        nn.init.normal_(self.frame.weight, std=0.02)
        self.process = NoiseProcess(c.schedule)

    def embeddings(self) -> Tensor:
        """The embedding table (V, E) as diffusion sees it."""
        table_VE = self.embedding.weight
        if self.config.unit_embeddings:
            table_VE = F.normalize(table_VE, dim=-1) * math.sqrt(self.config.embedding_dim)
        return table_VE

    def denoise(self, x_BLE: Tensor, level_BL: Tensor, previous_BLE: Tensor | None = None) -> Tensor:
        """N(x_t, t): an estimate of x_0; ``previous`` is the estimate of the step before (self-conditioning).

        ``level_BL`` is the noise level t/T of each token, or (B, 1) where the tokens of a row share one.
        """
        seen_BLE = x_BLE
        if self.config.self_conditioning:
            previous_BLE = torch.zeros_like(x_BLE) if previous_BLE is None else previous_BLE
            seen_BLE = torch.cat([x_BLE, previous_BLE], -1)
        time_BLW = self.time(time_embedding(level_BL, self.config.width, self.config.time_frequency))
        frame_W = self.frame.weight[(x_BLE.shape[1] - self.config.min_tokens) // self.config.frame_step]
        predicted_BLE: Tensor = self.denoiser(seen_BLE, time_BLW + frame_W)
        if self.config.prediction == "x0":
            return predicted_BLE
        return self.process.predict_x0(x_BLE, level_BL, predicted_BLE)

    def decode(self, x0_BLE: Tensor) -> tuple[Tensor, Tensor]:
        """D(x_0) and the logits H(D(x_0)), shapes (B, L, E) and (B, L, V).

        Without a decoder, the closest embedding and the logits of a mixture of Gaussians of unit variance around the
        embeddings: minus half the squared distance, so that the closest embedding is the likeliest token (the clamp
        of Li et al., 2022).
        """
        if self.config.rounding == "decoder":
            decoded_BLE = self.decoder(x0_BLE)
            return decoded_BLE, self.head(decoded_BLE)
        table_VE = self.embeddings()
        products_BLV = x0_BLE @ table_VE.T
        squares_V = table_VE.square().sum(-1)
        logits_BLV = products_BLV - (x0_BLE.square().sum(-1, keepdim=True) + squares_V) / 2
        return table_VE[logits_BLV.argmax(-1)], logits_BLV

    def parameter_counts(self) -> dict[str, int]:
        """Trainable parameters, in all and without the embedding table."""
        total = sum(p.numel() for p in self.parameters())
        return {"total": total, "without_embeddings": total - self.embedding.weight.numel()}
