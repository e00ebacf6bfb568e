"""Shape and size of the model."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from pydantic import ValidationError

from generators.diffusion.config import PAPER, PRESETS, SMALL, ModelConfig, Preset
from generators.diffusion.model import CodeDiffusion
from generators.diffusion.sampler import nearest_embedding

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
    assert model.parameter_counts()["total"] < 5_000_000


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
        denoised = model.denoise(x, torch.full((3, 1), 0.5))
        decoded, logits = model.decode(denoised)
        assert denoised.shape == decoded.shape == x.shape
        assert logits.shape == (3, frame, model.embedding.num_embeddings)


def test_denoiser_sees_time_frame_and_its_previous_estimate(make_model: Callable[..., CodeDiffusion]) -> None:
    model = make_model()
    x = torch.randn(2, 8, 8, generator=torch.Generator().manual_seed(0))
    level = torch.tensor([[0.5], [0.5]])
    base = model.denoise(x, level)
    assert not torch.allclose(base, model.denoise(x, level + 0.3), atol=1e-4)
    assert not torch.allclose(base, model.denoise(x, level, previous_BLE=x), atol=1e-4)
    with torch.no_grad():
        model.frame.weight[0, ::2] += 1
    assert not torch.allclose(base, model.denoise(x, level), atol=1e-4)


def test_no_previous_estimate_is_an_estimate_of_zeros(make_model: Callable[..., CodeDiffusion]) -> None:
    model = make_model()
    x, level = torch.ones(1, 8, 8), torch.tensor([[0.2]])
    assert torch.equal(model.denoise(x, level), model.denoise(x, level, torch.zeros_like(x)))


def test_weights_keep_the_names_that_checkpoints_have(preset: Preset) -> None:
    names = CodeDiffusion(preset.model, 20).state_dict()
    assert list(dict.fromkeys(name.split(".")[0] for name in names)) == [
        "embedding", "denoiser", "decoder", "head", "time", "frame", "process"
    ]  # fmt: skip
    assert {"denoiser.project_in.weight", "denoiser.blocks.0.attention_norm.weight", "head.bias"} <= names.keys()
    assert "process.warp.knots" in names


def test_a_u_net_of_the_papers_width_has_the_parameters_of_the_paper() -> None:
    clamp = PAPER.model.model_copy(update={"denoiser": "unet", "rounding": "clamp"})
    with torch.device("meta"):
        counts = CodeDiffusion(clamp, vocabulary=32_100).parameter_counts()
    assert counts["without_embeddings"] == pytest.approx(15e6, rel=0.02)


def test_a_u_net_keeps_every_frame_of_both_presets() -> None:
    for preset in PRESETS.values():
        shape = {"width": 32, "heads": 2, "denoiser": "unet", "rounding": "clamp", "embedding_dim": 8}
        model = CodeDiffusion(preset.model.model_copy(update=shape), 10)
        for frame in model.config.frames:
            x = torch.randn(2, frame, 8, generator=torch.Generator().manual_seed(frame))
            assert model.denoise(x, torch.full((2, 1), 0.5)).shape == x.shape
            assert model.denoise(x, torch.full((2, frame), 0.5)).shape == x.shape


def test_clamping_needs_no_decoder_and_no_head(make_model: Callable[..., CodeDiffusion], preset: Preset) -> None:
    clamp = CodeDiffusion(preset.model.model_copy(update={"rounding": "clamp"}), 20)
    assert not any(name.startswith(("decoder", "head")) for name in clamp.state_dict())


@pytest.mark.parametrize("unit", [True, False])
def test_clamping_gives_the_closest_embedding_and_it_is_the_likeliest_token(
    make_model: Callable[..., CodeDiffusion], unit: bool
) -> None:
    model = make_model(rounding="clamp", unit_embeddings=unit)
    table = model.embeddings().detach()
    x = torch.randn(3, 8, 8, generator=torch.Generator().manual_seed(4)) * 2
    decoded, logits = model.decode(x)
    squared = torch.tensor([[[float((p - e).square().sum()) for e in table] for p in row] for row in x])
    torch.testing.assert_close(logits, -squared / 2, atol=1e-4, rtol=1e-4)
    assert torch.equal(decoded, table[squared.argmin(-1)])
    assert torch.equal(decoded, nearest_embedding(x, table))  # what the sampler feeds back
    assert torch.equal(model.decode(table[None])[0], table[None])


@torch.no_grad()
def test_every_token_is_told_its_own_level(make_model: Callable[..., CodeDiffusion]) -> None:
    model = make_model()
    x = torch.randn(2, 8, 8, generator=torch.Generator().manual_seed(1))
    shared = torch.tensor([[0.2], [0.7]])
    base = model.denoise(x, shared)
    torch.testing.assert_close(model.denoise(x, shared.expand(2, 8)), base)
    changed = shared.repeat(1, 8)
    changed[1, 3] = 0.1
    difference = (model.denoise(x, changed) - base).abs().sum(-1)
    torch.testing.assert_close(difference[0], torch.zeros(8), atol=1e-4, rtol=0)  # the other row is another matter
    assert float(difference[1].max()) > 0.1
    assert int(difference[1].argmax()) == 3


class Exactly(torch.nn.Module):
    """Predicts what it is told to."""

    def __init__(self, output: torch.Tensor) -> None:
        super().__init__()
        self.output = output

    def forward(self, x: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        return self.output


def test_a_model_of_x0_gives_what_its_denoiser_says_and_one_of_the_noise_the_x0_that_follows(
    make_model: Callable[..., CodeDiffusion],
) -> None:
    levels = torch.tensor([[0.0], [0.1], [0.4], [0.7], [0.9], [1.0]])
    generator = torch.Generator().manual_seed(6)
    x, said = (torch.randn(len(levels), 8, 8, generator=generator) for _ in range(2))
    model = make_model(prediction="x0")
    model.denoiser = Exactly(said)
    assert torch.equal(model.denoise(x, levels), said)
    model = make_model(prediction="noise")
    model.denoiser = Exactly(said)
    x0 = model.denoise(x, levels)
    assert torch.equal(x0, model.process.predict_x0(x, levels, said))
    torch.testing.assert_close(model.process.predict_noise(x, levels, x0), said, atol=1e-3, rtol=1e-3)


def test_the_process_has_the_schedule_of_the_settings(make_model: Callable[..., CodeDiffusion]) -> None:
    level = torch.tensor([[0.25]])
    for schedule, share in (("sqrt", 0.4999), ("cosine", 0.853553), ("logsnr", 0.982014)):
        assert float(make_model(schedule=schedule).process.alpha_bar(level)) == pytest.approx(share, abs=1e-5)
