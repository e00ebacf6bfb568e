"""Settings of the encoder-decoder that fixer and breaker share, of its training and of its beam search."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from schemas.frozen import Strict

Role = Literal["fixer", "breaker"]


class ModelConfig(Strict):
    """A pre-norm transformer with one embedding for encoder, decoder and output (BIFI's `src/c001`)."""

    width: int = Field(ge=8)
    heads: int = Field(ge=1)
    feedforward: int = Field(ge=1)
    encoder_layers: int = Field(ge=1)
    decoder_layers: int = Field(ge=1)
    max_words: int = Field(ge=8)  # of either side, its end included
    vocabulary: int = Field(ge=120)  # ids at most, placeholders and slots included

    @model_validator(mode="after")
    def _heads_divide_the_width(self) -> ModelConfig:
        if self.width % (2 * self.heads):
            raise ValueError(f"width {self.width} must be a multiple of 2 x heads = {2 * self.heads}")
        return self


class TrainingConfig(Strict):
    """How the model is trained. Every random draw follows from the seed and the step."""

    steps: int = Field(ge=1)
    seed: int = 0
    batch_tokens: int = Field(ge=64)  # rows of a batch x the longest of their sides
    learning_rate: float = Field(gt=0)
    schedule: Literal["inverse_sqrt", "linear"]  # linear: constant, then down to 3% over the last decay_share
    warmup_steps: int = Field(ge=0)
    decay_share: float = Field(default=0.4, ge=0, le=1)
    weight_decay: float = Field(ge=0)
    beta2: float = Field(default=0.98, gt=0, lt=1)
    clip_norm: float = Field(default=1.0, gt=0)
    ema: float = Field(ge=0, lt=1)  # 0: the last weights as they are
    dropout: float = Field(ge=0, lt=1)
    attention_dropout: float = Field(ge=0, lt=1)  # and of the feed-forward's activations
    label_smoothing: float = Field(default=0.1, ge=0, lt=1)
    held_out_share: float = Field(default=0.02, ge=0, lt=0.5)  # of the pairs, by their target; at most 2,000


class SearchConfig(Strict):
    """The beam search; as many beams as outputs are asked for."""

    extra_words: int = Field(ge=1)  # how much longer than its input an output may be
    tokens: int = Field(default=4_096, ge=1)  # rows x beams x input words in one call of the model


class Preset(Strict):
    """A model, how it is trained, how it is searched."""

    model: ModelConfig
    training: TrainingConfig
    search: SearchConfig


FAITHFUL = Preset(
    model=ModelConfig(
        width=256, heads=8, feedforward=1024, encoder_layers=4, decoder_layers=4, max_words=512, vocabulary=8_000
    ),
    training=TrainingConfig(
        steps=50_000, batch_tokens=27_000, learning_rate=1e-3, schedule="inverse_sqrt", warmup_steps=400,
        weight_decay=1e-4, ema=0.0, dropout=0.4, attention_dropout=0.2,
    ),
    search=SearchConfig(extra_words=50),
)  # fmt: skip

# An output that keeps BIFI's edit limit of 4 is at most 4 words longer than its input: 50 would be spent on nothing.
SMALL = Preset(
    model=ModelConfig(
        width=128, heads=4, feedforward=512, encoder_layers=2, decoder_layers=2, max_words=192, vocabulary=500
    ),
    training=TrainingConfig(
        steps=6_000, batch_tokens=2_000, learning_rate=2e-3, schedule="linear", warmup_steps=200,
        weight_decay=0.01, ema=0.998, dropout=0.0, attention_dropout=0.0,
    ),
    search=SearchConfig(extra_words=8),
)  # fmt: skip

PRESETS = {"faithful": FAITHFUL, "small": SMALL}
