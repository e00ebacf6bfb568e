"""The configurations that the paper's Table 1 compares, as changes to a preset.

Each differs from the preset by what its name says and by nothing else. Where the paper is silent or contradicts
itself, this is how it is read:

- Table 1 has two rows of one size, CF with CF's decoder and Transformer with Decoder. CodeFusion is both, so what
  tells them apart must be how it is trained: here CodeFusion's own loss, on the noise, with paragraph denoising,
  against the loss on x_0 without it.
- Section 4.1 also names CodeFusion without paragraph denoising. No row of Table 1 is called that.
- Table 1 gives a U-Net 15M parameters with the decoder and without, while the same decoder and head are worth 15M
  beside a transformer. Both cannot be; with a decoder ours has more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from generators.diffusion.config import ModelConfig, Preset


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """Changes to a preset, and the size that the paper prints for the result."""

    description: str
    model: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    sampling: Mapping[str, Any] = field(default_factory=dict)
    paper_millions: int | None  # of parameters, in Table 1; None where it has no such row

    def apply(self, preset: Preset) -> Preset:
        """The preset with the changes.

        Raises:
            pydantic.ValidationError: they do not fit the preset.
        """
        values = preset.model_dump()
        for section in values:
            values[section] |= getattr(self, section)
        return Preset.model_validate(values)


_UNET = {"denoiser": "unet"}
_CLAMP = {"rounding": "clamp"}
_NOISE = {"prediction": "noise"}
_NEAREST = {"feedback": "nearest"}  # the clamp of Li et al. (2022) rounds at every step

VARIANTS: dict[str, Variant] = {
    "codefusion": Variant(
        description="transformer denoiser and decoder, CodeFusion's loss on the noise, paragraph denoising",
        model=_NOISE, training={"paragraph_denoising": 0.5}, paper_millions=45,
    ),
    "codefusion-no-cpd": Variant(
        description="transformer denoiser and decoder, CodeFusion's loss on the noise",
        model=_NOISE, paper_millions=None,
    ),
    "unet-clamp": Variant(
        description="U-Net denoiser, x_0 rounded to the closest embedding",
        model=_UNET | _CLAMP, sampling=_NEAREST, paper_millions=15,
    ),
    "unet-decoder": Variant(
        description="U-Net denoiser, decoder and head",
        model=_UNET, paper_millions=15,
    ),
    "transformer-clamp": Variant(
        description="transformer denoiser, x_0 rounded to the closest embedding",
        model=_CLAMP, sampling=_NEAREST, paper_millions=30,
    ),
    "transformer-decoder": Variant(
        description="transformer denoiser, decoder and head",
        paper_millions=45,
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Parameters of one variant, beside what the paper prints for it."""

    variant: str
    total: int
    without_embeddings: int
    paper_millions: int | None


def parameter_table(vocabulary: int, preset: Preset) -> list[Size]:
    """The size of every variant of a preset, in the order of `VARIANTS`."""
    return [
        Size(
            variant=name, paper_millions=variant.paper_millions,
            **parameter_counts(variant.apply(preset).model, vocabulary),
        )
        for name, variant in VARIANTS.items()
    ]  # fmt: skip


def parameter_counts(model: ModelConfig, vocabulary: int) -> dict[str, int]:
    """As `CodeDiffusion.parameter_counts` of such a model; no memory is taken for its weights."""
    import torch

    from generators.diffusion.model import CodeDiffusion

    with torch.device("meta"):
        return CodeDiffusion(model, vocabulary).parameter_counts()
