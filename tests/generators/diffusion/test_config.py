"""The settings: what older checkpoints mean, what is refused."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from generators.diffusion.checkpoint import BUNDLED, FORMAT_VERSION, CheckpointConfig
from generators.diffusion.config import PRESETS, ModelConfig, Preset, SamplingConfig, TrainingConfig

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
        if json.loads(file.read_bytes())["format_version"] != FORMAT_VERSION:
            continue  # refused before it is read
        config = CheckpointConfig.model_validate_json(file.read_bytes())
        assert {k: getattr(config.model, k) for k in SINCE} == SINCE


@pytest.mark.parametrize(("field", "value"), [("denoiser", "gan"), ("rounding", "nearest"), ("prediction", "v")])
def test_a_choice_that_there_is_not_is_refused(preset: Preset, field: str, value: str) -> None:
    with pytest.raises(ValidationError, match=field):
        ModelConfig.model_validate(preset.model.model_dump() | {field: value})


@pytest.mark.parametrize("share", [-0.1, 1.1])
@pytest.mark.parametrize("name", ["paragraph_denoising", "gap_rate"])
def test_a_share_of_rows_is_a_share(preset: Preset, name: str, share: float) -> None:
    with pytest.raises(ValidationError, match=name):
        TrainingConfig.model_validate(preset.training.model_dump() | {name: share})


def test_the_small_preset_knows_slots_and_the_papers_all_literals() -> None:
    assert {name: preset.training.literals for name, preset in PRESETS.items()} == {"paper": "full", "small": "slots"}
    with pytest.raises(ValidationError, match="literals"):
        TrainingConfig.model_validate(PRESETS["small"].training.model_dump() | {"literals": "bank"})


def test_the_sampler_may_take_no_step_at_all_but_not_fewer() -> None:
    assert SamplingConfig(steps=0, feedback="softmax").steps == 0
    with pytest.raises(ValidationError, match="steps"):
        SamplingConfig(steps=-1, feedback="softmax")
