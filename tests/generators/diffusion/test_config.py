"""The settings: what older checkpoints mean, what is refused."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from generators.diffusion.checkpoint import BUNDLED, CheckpointConfig
from generators.diffusion.config import PRESETS, ModelConfig, Preset, TrainingConfig

SINCE = {"denoiser": "transformer", "rounding": "decoder", "prediction": "x0"}  # fields of the ablation, and before it


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_settings_from_before_the_ablation_mean_what_they_meant(preset: Preset) -> None:
    model = {k: v for k, v in preset.model.model_dump().items() if k not in SINCE}
    assert ModelConfig.model_validate(model) == preset.model
    assert {k: getattr(preset.model, k) for k in SINCE} == SINCE
    training = {k: v for k, v in preset.training.model_dump().items() if k != "paragraph_denoising"}
    assert TrainingConfig.model_validate(training) == preset.training
    assert preset.training.paragraph_denoising == 0


def test_bundled_models_are_no_variants() -> None:
    for file in BUNDLED.glob("*/config.json"):
        config = CheckpointConfig.model_validate_json(file.read_bytes())
        assert {k: getattr(config.model, k) for k in SINCE} == SINCE


@pytest.mark.parametrize(("field", "value"), [("denoiser", "gan"), ("rounding", "nearest"), ("prediction", "v")])
def test_a_choice_that_there_is_not_is_refused(preset: Preset, field: str, value: str) -> None:
    with pytest.raises(ValidationError, match=field):
        ModelConfig.model_validate(preset.model.model_dump() | {field: value})


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_the_share_of_paragraph_denoising_is_a_share(preset: Preset, share: float) -> None:
    with pytest.raises(ValidationError, match="paragraph_denoising"):
        TrainingConfig.model_validate(preset.training.model_dump() | {"paragraph_denoising": share})
