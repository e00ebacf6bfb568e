"""Muon: orthogonal updates for the matrices of the blocks."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from generators.diffusion.config import Preset
from generators.diffusion.data import Dataset
from generators.diffusion.layers import Block
from generators.diffusion.model import CodeDiffusion
from generators.diffusion.muon import FACTOR, MOMENTUM, Muon, make_optimisers, orthogonal
from generators.diffusion.variants import VARIANTS
from generators.training_state import moments, restore_moments
from tests.generators.diffusion.trainers import changed, trainer


def matrix(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("shape", [(3, 8, 8), (2, 6, 20), (2, 20, 6)])
def test_singular_values_are_brought_close_to_one_and_directions_stay(shape: tuple[int, ...]) -> None:
    x = matrix(*shape)
    made = orthogonal(x)
    for before, after in zip(x, made, strict=True):
        values = torch.linalg.svdvals(after)
        assert float(values.min()) > 0.3 and float(values.max()) < 1.4  # what the quintic promises, roughly
        left, _, right = torch.linalg.svd(before, full_matrices=False)
        diagonal = left.T @ after @ right.T
        torch.testing.assert_close(diagonal, torch.diag(diagonal.diagonal()), atol=1e-3, rtol=0)


def test_a_matrix_is_orthogonal_whatever_stands_beside_it() -> None:
    x = matrix(5, 8, 8)
    torch.testing.assert_close(orthogonal(x)[2:3], orthogonal(x[2:3]))


def test_one_step_is_nesterov_momentum_made_orthogonal_and_scaled() -> None:
    tall, qkv = nn.Parameter(matrix(8, 4)), nn.Parameter(matrix(12, 4, seed=1))
    before = tall.detach().clone(), qkv.detach().clone()
    muon = Muon([tall], [qkv], lr=0.01, weight_decay=0.1)
    momentum = torch.zeros(8, 4)
    for step in range(3):
        tall.grad, qkv.grad = matrix(8, 4, seed=10 + step), torch.zeros(12, 4)
        muon.step()
        momentum = MOMENTUM * momentum + tall.grad
        update = orthogonal((tall.grad + MOMENTUM * momentum)[None])[0] * 2**0.5
        before = before[0] * (1 - 0.01 * 0.1) - 0.01 * FACTOR * update, before[1] * (1 - 0.01 * 0.1)
    torch.testing.assert_close(tall.detach(), before[0])
    torch.testing.assert_close(qkv.detach(), before[1])


def test_queries_keys_and_values_are_three_matrices() -> None:
    qkv, alone = nn.Parameter(torch.zeros(12, 4)), [nn.Parameter(torch.zeros(4, 4)) for _ in range(3)]
    qkv.grad = matrix(12, 4)
    for parameter, grad in zip(alone, qkv.grad.chunk(3), strict=True):
        parameter.grad = grad
    Muon([], [qkv], lr=0.1, weight_decay=0.0).step()
    Muon(alone, [], lr=0.1, weight_decay=0.0).step()
    torch.testing.assert_close(qkv.detach(), torch.cat([p.detach() for p in alone]))


def test_it_has_the_matrices_of_the_blocks_and_adamw_the_rest(preset: Preset, dataset: Dataset) -> None:
    model = CodeDiffusion(preset.model, len(dataset.tokenizer))
    adamw, muon = make_optimisers(model, changed(preset, optimiser="muon").training)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    of = [{names[id(p)] for group in o.param_groups for p in group["params"]} for o in (adamw, muon)]
    assert of[0] | of[1] == set(names.values()) and not of[0] & of[1]
    blocks = [name for name, module in model.named_modules() if isinstance(module, Block)]
    layers = ("queries_keys_values", "attention_out", "feedforward_in", "feedforward_out")
    assert of[1] == {f"{block}.{layer}.weight" for block in blocks for layer in layers}


def test_a_model_without_blocks_is_adamws_alone(preset: Preset) -> None:
    model = CodeDiffusion(VARIANTS["unet-clamp"].apply(preset).model, 20)
    assert len(make_optimisers(model, changed(preset, optimiser="muon").training)) == 1


def test_its_momentum_is_kept_and_restored_beside_adamws(preset: Preset, dataset: Dataset) -> None:
    muon = changed(preset, optimiser="muon", steps=3)
    trained, fresh = trainer(muon, dataset), trainer(muon, dataset)
    list(trained.run())
    kept = {name: t for o in trained.optimisers for name, t in moments(trained.model, o).items()}
    block = "denoiser.blocks.0.attention_out.weight"
    assert f"{block}.momentum" in kept and f"{block}.exp_avg" not in kept
    assert "head.weight.exp_avg" in kept
    for optimiser in fresh.optimisers:
        restore_moments(fresh.model, optimiser, kept)
    restored = {name: t for o in fresh.optimisers for name, t in moments(fresh.model, o).items()}
    assert restored.keys() == kept.keys() and all(torch.equal(restored[name], kept[name]) for name in kept)


def test_it_learns(preset: Preset, dataset: Dataset) -> None:
    losses = [
        step.figures()["cross_entropy"]
        for step in trainer(changed(preset, optimiser="muon", steps=60, decay_share=0.0), dataset).run()
    ]
    assert sum(losses[-10:]) < 0.8 * sum(losses[:10])
