"""Shape and size of the model."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from pydantic import ValidationError

from generators.diffusion.config import PAPER, PRESETS, SMALL, ModelConfig, Preset
from generators.diffusion.model import CodeDiffusion

BLOCK_512 = 3_152_384  # parameters of a pre-norm block 512 wide with a feed-forward layer of 2,048


def parameters(module: torch.nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def test_paper_preset_has_the_parameters_of_the_paper() -> None:
    with torch.device("meta"):
        model = CodeDiffusion(PAPER.model, vocabulary=32_100)
    assert parameters(model.denoiser.blocks) == 10 * BLOCK_512  # 31.5M
    assert parameters(model.decoder.blocks) == 6 * BLOCK_512  # 18.9M
    counts = model.parameter_counts()
    assert counts["total"] - counts["without_embeddings"] == 32_100 * 512


def test_small_preset_is_small() -> None:
    with torch.device("meta"):
        model = CodeDiffusion(SMALL.model, vocabulary=300)
    assert model.parameter_counts()["total"] < 3_000_000


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_every_frame_holds_what_fits_it_and_no_less(preset: Preset) -> None:
    model = preset.model
    assert model.frames[0] == model.min_tokens
    assert model.frames[-1] == model.max_tokens
    for tokens in range(model.max_tokens):
        frame = model.frame(tokens)
        assert frame > tokens  # room for the end of sequence
        assert all(other <= tokens for other in model.frames if other < frame)


@pytest.mark.parametrize(
    "changes", [{"width": 18}, {"max_tokens": 15}, {"max_tokens": 4}, {"denoiser_kernel": 4}, {"decoder_kernel": 2}]
)
def test_shapes_that_do_not_fit_are_refused(preset: Preset, changes: dict[str, int]) -> None:
    values = preset.model.model_dump()
    assert ModelConfig.model_validate(values)
    with pytest.raises(ValidationError):
        ModelConfig.model_validate(values | changes)


def test_unit_embeddings_have_unit_root_mean_square(make_model: Callable[..., CodeDiffusion]) -> None:
    table = make_model().embeddings()
    torch.testing.assert_close(table.square().mean(-1).sqrt(), torch.ones(len(table)))
    plain = make_model(unit_embeddings=False)
    assert plain.embeddings() is plain.embedding.weight


def test_denoiser_and_decoder_keep_shapes_in_every_frame(make_model: Callable[..., CodeDiffusion]) -> None:
    model = make_model()
    for frame in model.config.frames:
        x = torch.randn(3, frame, 8, generator=torch.Generator().manual_seed(frame))
        denoised = model.denoise(x, torch.full((3,), 0.5))
        decoded, logits = model.decode(denoised)
        assert denoised.shape == decoded.shape == x.shape
        assert logits.shape == (3, frame, model.embedding.num_embeddings)


def test_denoiser_sees_time_frame_and_its_previous_estimate(make_model: Callable[..., CodeDiffusion]) -> None:
    model = make_model()
    x = torch.randn(2, 8, 8, generator=torch.Generator().manual_seed(0))
    level = torch.tensor([0.5, 0.5])
    base = model.denoise(x, level)
    assert not torch.allclose(base, model.denoise(x, level + 0.3), atol=1e-4)
    assert not torch.allclose(base, model.denoise(x, level, previous_BLE=x), atol=1e-4)
    with torch.no_grad():
        model.frame.weight[0, ::2] += 1
    assert not torch.allclose(base, model.denoise(x, level), atol=1e-4)


def test_no_previous_estimate_is_an_estimate_of_zeros(make_model: Callable[..., CodeDiffusion]) -> None:
    model = make_model()
    x, level = torch.ones(1, 8, 8), torch.tensor([0.2])
    assert torch.equal(model.denoise(x, level), model.denoise(x, level, torch.zeros_like(x)))
