"""Settings of the diffusion model, its training and its sampler, and the presets `paper` and `small`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from schemas.frozen import Strict

PAD, EOS, UNKNOWN = 0, 1, 2  # token ids of every vocabulary

Feedback = Literal["denoiser", "decoder", "softmax", "nearest"]
ScheduleName = Literal["sqrt", "cosine", "linear", "logsnr"]
Denoiser = Literal["transformer", "unet"]
Rounding = Literal["decoder", "clamp"]
Prediction = Literal["x0", "noise"]
Precision = Literal["fp32", "bf16"]
RequestedPrecision = Literal["auto", "fp32", "bf16"]
Optimiser = Literal["adamw", "muon"]
Literals = Literal["slots", "full"]


class ModelConfig(Strict):
    """Shape of embedding E, denoiser N, decoder D and head H (paper, section 4.1)."""

    embedding_dim: int = Field(ge=4)
    width: int = Field(ge=8)
    heads: int = Field(ge=1)
    feedforward: int = Field(ge=1)  # multiple of the width
    denoiser_blocks: int = Field(ge=1)
    decoder_blocks: int = Field(ge=1)
    min_tokens: int = Field(ge=2)  # frames are min_tokens, min_tokens + frame_step, ... max_tokens long
    max_tokens: int = Field(ge=2)
    frame_step: int = Field(ge=1)
    num_timesteps: int = Field(default=0, ge=0)  # T: training draws t from 1 to T; 0 draws t/T from all of (0, 1]
    schedule: ScheduleName = "sqrt"
    unit_embeddings: bool  # normalise every embedding to unit root mean square
    self_conditioning: bool
    rotary: bool
    denoiser_kernel: int = Field(ge=0)  # width of the convolution stem, 0 for none
    decoder_kernel: int = Field(ge=0)
    time_frequency: float = Field(gt=0)  # highest frequency of the time embedding, in radians per unit of t/T
    # what the paper ablates (section 4.1); the defaults are what checkpoints older than these fields have
    denoiser: Denoiser = "transformer"  # a U-Net is sized by the width alone: blocks, heads and stem do not apply
    rounding: Rounding = "decoder"  # clamp: no decoder and no head, x_0 goes to the closest embedding
    prediction: Prediction = "x0"  # noise: the denoiser names the noise, as CodeFusion's does, and x_0 follows from it

    @model_validator(mode="after")
    def _shapes_fit(self) -> ModelConfig:
        if self.width % (2 * self.heads):
            raise ValueError(f"width {self.width} must be a multiple of 2 x heads = {2 * self.heads}")
        if self.max_tokens < self.min_tokens or (self.max_tokens - self.min_tokens) % self.frame_step:
            raise ValueError("max_tokens - min_tokens must be a multiple of frame_step, and not negative")
        if any(kernel and kernel % 2 == 0 for kernel in (self.denoiser_kernel, self.decoder_kernel)):
            raise ValueError("denoiser_kernel and decoder_kernel must be odd, or 0 for none")
        return self

    @property
    def frames(self) -> list[int]:
        """The sequence lengths the model is run at, shortest first."""
        return list(range(self.min_tokens, self.max_tokens + 1, self.frame_step))

    def frame(self, tokens: int) -> int:
        """The shortest frame that holds ``tokens`` tokens and one end-of-sequence token."""
        return next(f for f in self.frames if f >= tokens + 1)


class TrainingConfig(Strict):
    """How the model is trained. Every random draw follows from the seed and the step."""

    steps: int = Field(ge=1)
    max_minutes: float | None = Field(default=None, gt=0)  # of processor time, on a GPU of the clock; instead of steps
    seed: int = 0
    batch_tokens: int = Field(ge=16)  # of one process
    precision: RequestedPrecision = "fp32"  # of the matrix products; auto measures both and chooses
    optimiser: Optimiser = "adamw"  # muon: for the matrices of the transformer blocks, AdamW for everything else
    learning_rate: float = Field(gt=0)
    weight_decay: float = Field(ge=0)
    beta2: float = Field(default=0.98, gt=0, lt=1)
    warmup_steps: int = Field(default=150, ge=0)
    decay_share: float = Field(default=0.3, ge=0, le=1)  # of the training, at its end: the rate falls linearly to 3%
    clip_norm: float = Field(default=1.0, gt=0)
    ema: float = Field(default=0.999, ge=0, lt=1)
    padding_weight: float = Field(ge=0, le=1)  # of padding tokens in the loss
    cross_entropy_weight: float = Field(default=1.0, ge=0)  # of the loss's third part; the first two weigh 1
    self_conditioning_rate: float = Field(default=0.5, ge=0, le=1)
    paragraph_denoising: float = Field(default=0.0, ge=0, le=1)  # share of rows in which only keywords are noised
    gap_rate: float = Field(default=0.0, ge=0, le=1)  # share of rows in which only a few tokens in one place are noised
    warp: bool  # refit the time warp so that cross-entropy is linear in t (CDCD)
    warp_every: int = Field(default=100, ge=1)
    warp_until: int = Field(default=3000, ge=0)
    literals: Literals  # slots: a literal or name is one numbered token, and the model spends itself on structure
    sketch_cap: int = Field(ge=0)  # snippets kept of one structure, or with full literals of one sketch; 0 for all
    min_count: int = Field(default=8, ge=1)  # occurrences that a word needs to be in the vocabulary
    max_vocabulary: int = Field(default=32_000, ge=64)
    validation_share: float = Field(default=0.04, ge=0, lt=0.5)  # of the sketches


class SamplingConfig(Strict):
    """The reverse process."""

    steps: int = Field(default=50, ge=0)  # 0: x_0 is estimated at once
    feedback: Feedback  # what estimates x_0 in the update: N as in the paper, D, softmax(H) E, or the nearest embedding
    temperature: float = Field(default=1.0, gt=0)  # of the softmax that is fed back; below 1 it commits earlier
    eta: float = Field(default=1.0, ge=0, le=1)  # 1 re-noises fully as the paper does, 0 is DDIM
    time_power: float = Field(default=1.0, gt=0)  # t/T = (k / steps) ** time_power
    precision: Precision = "fp32"  # of the matrix products


class Preset(Strict):
    """A model, how it is trained, how it is sampled."""

    model: ModelConfig
    training: TrainingConfig
    sampling: SamplingConfig


PAPER = Preset(
    model=ModelConfig(
        embedding_dim=512, width=512, heads=8, feedforward=4, denoiser_blocks=10, decoder_blocks=6,
        min_tokens=128, max_tokens=128, frame_step=1, num_timesteps=1200, unit_embeddings=False,
        self_conditioning=False, rotary=False, denoiser_kernel=0, decoder_kernel=0, time_frequency=1200.0,
    ),
    training=TrainingConfig(
        steps=200_000, batch_tokens=8_192, learning_rate=5e-4, weight_decay=0.0, padding_weight=1.0,
        warp=False, literals="full", sketch_cap=0, min_count=40,
    ),
    sampling=SamplingConfig(steps=1200, feedback="denoiser"),
)  # fmt: skip

SMALL = Preset(
    model=ModelConfig(
        embedding_dim=64, width=256, heads=8, feedforward=4, denoiser_blocks=4, decoder_blocks=1,
        min_tokens=8, max_tokens=96, frame_step=4, unit_embeddings=True, self_conditioning=True,
        rotary=True, denoiser_kernel=5, decoder_kernel=3, time_frequency=32.0,
    ),
    training=TrainingConfig(
        steps=24_000, batch_tokens=1_024, precision="auto", learning_rate=1.2e-3, weight_decay=0.01,
        padding_weight=0.3, warp=True, literals="slots", sketch_cap=4,
    ),
    sampling=SamplingConfig(steps=100, feedback="softmax", time_power=1.0),
)  # fmt: skip

PRESETS = {"paper": PAPER, "small": SMALL}
