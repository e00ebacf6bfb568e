"""Blocks, positions, time."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from generators.diffusion import layers
from generators.diffusion.layers import Block, Stack, rotate, rotation, time_embedding

CPU = torch.device("cpu")


def rng(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_fresh_block_is_the_identity() -> None:
    x = torch.randn(2, 6, 16, generator=rng(0))
    block = Block(width=16, heads=2, feedforward=2)
    torch.testing.assert_close(block(x, rotation(6, 8)), x)
    torch.testing.assert_close(block(x, None), x)


def test_rotation_preserves_norms() -> None:
    x = torch.randn(2, 12, 3, 8, generator=rng(1))
    torch.testing.assert_close(rotate(x, rotation(12, 8)).norm(dim=-1), x.norm(dim=-1))


def complex_attention(block: Block, x: Tensor) -> Tensor:
    """What the block's attention adds to its input, with positions turned as complex numbers: as in the literature."""
    B, L, W = x.shape
    K = W // block.heads
    q, k, v = block.queries_keys_values(block.attention_norm(x)).view(B, L, 3, block.heads, K).unbind(2)
    angle = torch.arange(L)[:, None] * 200.0 ** (-torch.arange(K // 2) / (K // 2))
    turn = torch.polar(torch.ones_like(angle), angle)[:, None]

    def turned(x_BLHK: Tensor) -> Tensor:
        pairs = torch.view_as_complex(x_BLHK.reshape(B, L, block.heads, K // 2, 2).contiguous())
        return torch.view_as_real(pairs * turn).flatten(-2)

    attended = F.scaled_dot_product_attention(*(x.transpose(1, 2) for x in (turned(q), turned(k), v)))
    out: Tensor = block.attention_out(attended.transpose(1, 2).reshape(B, L, W))
    return out


def random_block() -> Block:
    block = Block(width=32, heads=4, feedforward=1)
    generator = rng(4)
    for parameter in block.parameters():
        torch.nn.init.normal_(parameter, std=0.3, generator=generator)
    torch.nn.init.zeros_(block.feedforward_out.weight)  # so that attention alone is seen
    torch.nn.init.zeros_(block.feedforward_out.bias)
    return block


def test_positions_in_real_numbers_give_the_attention_of_complex_ones() -> None:
    block, x = random_block(), torch.randn(3, 11, 32, generator=rng(5))
    added = block(x, rotation(11, 8)) - x
    torch.testing.assert_close(added, complex_attention(block, x), atol=1e-5, rtol=1e-5)
    assert not torch.allclose(added, block(x, None) - x, atol=0.1)


@pytest.mark.parametrize("quick", [False, True])
def test_attention_is_the_same_up_to_rounding_in_either_precision(quick: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a CPU: bf16 where it is quick there, else fp32 whatever the products beside it are in."""
    monkeypatch.setattr(layers, "BF16_ATTENTION", quick)
    dtypes: list[torch.dtype] = []

    def noted(x_BLHK: Tensor, rotation_2L1K: Tensor) -> Tensor:
        dtypes.append(x_BLHK.dtype)  # of queries and keys
        return rotate(x_BLHK, rotation_2L1K)

    monkeypatch.setattr(layers, "rotate", noted)
    block, x = random_block(), torch.randn(3, 11, 32, generator=rng(5))
    with torch.no_grad():
        exact = block(x, rotation(11, 8)) - x
        with torch.autocast("cpu", torch.bfloat16):
            rounded = block(x, rotation(11, 8)) - x
    assert dtypes == [torch.float32] * 2 + [torch.bfloat16 if quick else torch.float32] * 2
    assert float((rounded - exact).abs().max()) < 0.02 * float(exact.abs().max())


@pytest.mark.parametrize("quick", [False, True])
def test_double_precision_is_kept_throughout_a_block(quick: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "BF16_ATTENTION", quick)
    block = random_block().double()
    x = torch.randn(3, 11, 32, generator=rng(5), dtype=torch.float64)
    turn = rotation(11, 8).double()
    added = block(x, turn) - x
    q, k, v = block.queries_keys_values(block.attention_norm(x)).view(3, 11, 3, 4, 8).transpose(1, 3).unbind(2)
    q, k = (rotate(each.transpose(1, 2), turn).transpose(1, 2) for each in (q, k))
    expected = block.attention_out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(3, 11, 32))
    torch.testing.assert_close(added, expected, atol=1e-13, rtol=1e-13)


def test_attention_scores_depend_on_relative_position_only() -> None:
    query, key = torch.randn(2, 8, generator=rng(2))
    turn = rotation(20, 8)
    queries = rotate(query.expand(1, 20, 1, 8), turn)[0, :, 0]
    keys = rotate(key.expand(1, 20, 1, 8), turn)[0, :, 0]
    scores = queries @ keys.T
    for offset in (-7, 0, 3):
        diagonal = scores.diagonal(offset)
        torch.testing.assert_close(diagonal, diagonal[0].expand_as(diagonal), atol=1e-5, rtol=1e-5)
    assert scores[0, 1] != pytest.approx(float(scores[0, 2]), abs=1e-3)


def test_rotation_turns_pairs_of_channels_by_the_angles_of_the_formula() -> None:
    """(a + bi) e^(i position 200^(-2k/K)), the real parts before the imaginary ones."""
    x = torch.randn(1, 5, 2, 6, generator=rng(4))
    turned = rotate(x, rotation(5, 6))
    for position in range(5):
        for k in range(3):
            angle = position * 200.0 ** (-k / 3)
            first, second = x[0, position, :, 2 * k], x[0, position, :, 2 * k + 1]
            real, imaginary = turned[0, position, :, k], turned[0, position, :, 3 + k]
            torch.testing.assert_close(real, first * math.cos(angle) - second * math.sin(angle))
            torch.testing.assert_close(imaginary, first * math.sin(angle) + second * math.cos(angle))


@pytest.mark.parametrize("kernel", [0, 3, 5])
@pytest.mark.parametrize("rotary", [False, True])
def test_stack_keeps_the_length_of_a_frame(kernel: int, rotary: bool) -> None:
    stack = Stack(
        inputs=4, width=16, outputs=6, heads=2, feedforward=2, blocks=1, kernel=kernel, rotary=rotary, max_tokens=12
    )
    assert stack(torch.zeros(2, 8, 4), torch.zeros(2, 1, 16)).shape == (2, 8, 6)
    assert stack(torch.zeros(2, 8, 4), torch.zeros(2, 8, 16)).shape == (2, 8, 6)
    assert stack(torch.zeros(2, 8, 4)).shape == (2, 8, 6)


def test_each_token_is_told_its_own_condition_and_one_for_all_is_the_same_for_each() -> None:
    """Without blocks of attention in between, a token's output depends on its own condition alone."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        stack = Stack(
            inputs=4, width=16, outputs=6, heads=2, feedforward=2, blocks=1, kernel=0, rotary=True, max_tokens=12
        )  # a fresh block is the identity
    x, condition = torch.randn(2, 8, 4, generator=rng(2)), torch.randn(2, 1, 16, generator=rng(3))
    base = stack(x, condition)
    assert torch.equal(stack(x, condition.expand(2, 8, 16)), base)
    changed = condition.repeat(1, 8, 1)
    changed[1, 5] += torch.randn(16, generator=rng(4))
    differs = (stack(x, changed) != base).any(-1)
    assert differs.nonzero().tolist() == [[1, 5]]


def test_time_embedding_tells_levels_apart() -> None:
    embedded = time_embedding(torch.linspace(0, 1, 50)[None], 16, 32.0)
    assert embedded.shape == (1, 50, 16)
    distances = torch.cdist(embedded[0], embedded[0]) + torch.eye(50)
    assert float(distances.min()) > 0.01


def test_time_embedding_has_sines_and_cosines_of_a_geometric_row_of_frequencies() -> None:
    embedded = time_embedding(torch.tensor([[0.5], [0.25]]), 6, 16.0)
    for row, level in enumerate((0.5, 0.25)):
        angles = [level * frequency for frequency in (1, 4, 16)]
        expected = [math.sin(angle) for angle in angles] + [math.cos(angle) for angle in angles]
        torch.testing.assert_close(embedded[row, 0], torch.tensor(expected))
