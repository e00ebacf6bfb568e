"""Blocks, positions, time."""

from __future__ import annotations

import pytest
import torch

from generators.diffusion.layers import Block, Stack, rotation, time_embedding
from generators.diffusion.layers import _rotate as rotate

CPU = torch.device("cpu")


def rng(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_fresh_block_is_the_identity() -> None:
    x = torch.randn(2, 6, 16, generator=rng(0))
    block = Block(width=16, heads=2, feedforward=2)
    torch.testing.assert_close(block(x, rotation(6, 8, CPU)), x)
    torch.testing.assert_close(block(x, None), x)


def test_rotation_preserves_norms() -> None:
    x = torch.randn(2, 12, 3, 8, generator=rng(1))
    torch.testing.assert_close(rotate(x, rotation(12, 8, CPU)).norm(dim=-1), x.norm(dim=-1))


def test_attention_scores_depend_on_relative_position_only() -> None:
    query, key = torch.randn(2, 8, generator=rng(2))
    turn = rotation(20, 8, CPU)
    queries = rotate(query.expand(1, 20, 1, 8), turn)[0, :, 0]
    keys = rotate(key.expand(1, 20, 1, 8), turn)[0, :, 0]
    scores = queries @ keys.T
    for offset in (-7, 0, 3):
        diagonal = scores.diagonal(offset)
        torch.testing.assert_close(diagonal, diagonal[0].expand_as(diagonal), atol=1e-5, rtol=1e-5)
    assert scores[0, 1] != pytest.approx(float(scores[0, 2]), abs=1e-3)


def test_rotation_first_asked_for_when_sampling_can_be_trained_with() -> None:
    with torch.inference_mode():
        rotation(7, 6, CPU)
    x = torch.randn(1, 7, 1, 6, generator=rng(3), requires_grad=True)
    rotate(x, rotation(7, 6, CPU)).square().sum().backward()  # type: ignore[no-untyped-call]
    assert x.grad is not None


@pytest.mark.parametrize("kernel", [0, 3, 5])
@pytest.mark.parametrize("rotary", [False, True])
def test_stack_keeps_the_length_of_a_frame(kernel: int, rotary: bool) -> None:
    stack = Stack(
        inputs=4, width=16, outputs=6, heads=2, feedforward=2, blocks=1, kernel=kernel, rotary=rotary, max_tokens=12
    )
    assert stack(torch.zeros(2, 8, 4), torch.zeros(2, 16)).shape == (2, 8, 6)


def test_time_embedding_tells_levels_apart() -> None:
    embedded = time_embedding(torch.linspace(0, 1, 50), 16, 32.0)
    assert embedded.shape == (50, 16)
    distances = torch.cdist(embedded, embedded) + torch.eye(50)
    assert float(distances.min()) > 0.01
