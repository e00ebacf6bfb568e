"""The three-part loss: denoiser, decoder, cross-entropy (paper, section 3.1).

The seed writes the first part both as an error of the predicted noise, which is CodeFusion's, and of the predicted
x_0. Small text models need x_0, and the default minimises that; ``prediction`` of the model chooses. The cross-entropy
enters with a plus sign: it is minimised, and may be given a weight. A model that clamps has no decoder, and no part of
the loss for it (section 4.1).

Each token has its own noise level. In paragraph denoising, and where gaps are trained, only some tokens of a row are
noised. The others are context: they are given as they are, at level 0, the decoder sees their own embeddings whatever
the denoiser makes of them, and they weigh nothing.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from generators.diffusion.config import PAD
from generators.diffusion.model import CodeDiffusion


class LossTerms(NamedTuple):
    """Scalars of one batch, and the cross-entropy of each row over its own tokens."""

    total: Tensor
    denoiser: Tensor
    decoder: Tensor
    cross_entropy: Tensor
    row_cross_entropy_B: Tensor


class DiffusionLoss(nn.Module):
    """A module, so that data-parallel wrappers see one forward pass."""

    def __init__(self, model: CodeDiffusion, padding_weight: float, cross_entropy_weight: float = 1.0) -> None:
        super().__init__()
        self.model = model
        self.padding_weight = padding_weight
        self.cross_entropy_weight = cross_entropy_weight

    def forward(
        self, tokens_BL: Tensor, level_BL: Tensor, noise_BLE: Tensor, self_condition: bool,
        noised_BL: Tensor | None = None,
    ) -> LossTerms:  # fmt: skip
        """Noise the batch to ``level_BL`` = t/T, (B, 1) or (B, L), and compare what the model makes of it with it.

        ``noised_BL`` are the tokens that are noised, where not all of them are; every batch needs one of them.
        """
        model = self.model
        x0_BLE = model.embeddings()[tokens_BL]
        if noised_BL is not None:
            level_BL = torch.where(noised_BL, level_BL, 0.0)

        def in_context(estimate_BLE: Tensor) -> Tensor:
            return estimate_BLE if noised_BL is None else torch.where(noised_BL[..., None], estimate_BLE, x0_BLE)

        xt_BLE = in_context(model.process.add_noise(x0_BLE, level_BL, noise_BLE))
        previous = None
        if self_condition:
            with torch.no_grad():
                previous = in_context(model.denoise(xt_BLE, level_BL))
        x0_hat_BLE = model.denoise(xt_BLE, level_BL, previous)
        decoded_BLE, logits_BLV = model.decode(in_context(x0_hat_BLE))

        target_BLE = x0_BLE.detach()  # or the embeddings would collapse towards what is easy to predict
        weight_BL = torch.where(tokens_BL == PAD, self.padding_weight, 1.0)
        if noised_BL is not None:
            weight_BL = weight_BL * noised_BL
        weight_BL = weight_BL / weight_BL.sum()
        if model.config.prediction == "noise":
            error_BLE = model.process.predict_noise(xt_BLE, level_BL, x0_hat_BLE) - noise_BLE
        else:
            error_BLE = x0_hat_BLE - target_BLE
        denoiser = ((error_BLE**2).mean(-1) * weight_BL).sum()
        decoder = (((decoded_BLE - target_BLE) ** 2).mean(-1) * weight_BL).sum()
        if model.config.rounding == "clamp":
            decoder = torch.zeros_like(decoder)
        ce_BL = F.cross_entropy(logits_BLV.flatten(0, 1), tokens_BL.flatten(), reduction="none").view_as(tokens_BL)
        cross_entropy = (ce_BL * weight_BL).sum()
        own_BL = (tokens_BL != PAD).float()
        row_ce_B = ((ce_BL * own_BL).sum(1) / own_BL.sum(1)).detach()
        total = denoiser + decoder + self.cross_entropy_weight * cross_entropy
        return LossTerms(total, denoiser, decoder, cross_entropy, row_ce_B)
