"""The U-Net over tokens: lengths, what reaches what, where it starts."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from generators.diffusion.config import PRESETS
from generators.diffusion.unet import UNet, _Block, base_channels

WIDTH, EMBEDDING = 16, 4


def rng(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def trained_unet() -> UNet:
    """A U-Net in which no layer is zero."""
    with torch.random.fork_rng():
        torch.manual_seed(3)
        net = UNet(inputs=EMBEDDING, outputs=EMBEDDING, width=WIDTH).eval()
        with torch.no_grad():
            for parameter in net.parameters():
                parameter.add_(torch.randn_like(parameter) * 0.2)
    return net


NET = trained_unet()


def inputs(rows: int, length: int) -> tuple[Tensor, Tensor]:
    """Tokens, and a condition that all tokens of a row share."""
    condition = torch.randn(rows, 1, WIDTH, generator=rng(rows))
    return torch.randn(rows, length, EMBEDDING, generator=rng(length)), condition


FRAMES = sorted({*range(8, 65, 4), *(frame for preset in PRESETS.values() for frame in preset.model.frames)})


@pytest.mark.parametrize("length", FRAMES)
def test_every_frame_keeps_its_length(length: int) -> None:
    x, condition = inputs(2, length)
    assert NET(x, condition).shape == x.shape


@settings(deadline=None, max_examples=25)
@given(length=st.integers(1, 41), rows=st.integers(1, 3))
def test_any_length_keeps_its_length(length: int, rows: int) -> None:
    x, condition = inputs(rows, length)
    out = NET(x, condition)
    assert out.shape == x.shape
    assert bool(out.isfinite().all())


@pytest.mark.parametrize("length", [8, 13, 32])
def test_a_row_depends_on_nothing_beside_it(length: int) -> None:
    x, condition = inputs(3, length)
    alone = NET(x[1:2], condition[1:2])
    torch.testing.assert_close(NET(x, condition)[1:2], alone, atol=1e-4, rtol=1e-4)


def test_every_position_is_told_of_every_other() -> None:
    x, condition = inputs(1, 32)
    for position in (0, 15, 31):
        seen = x.clone().requires_grad_()
        NET(seen, condition)[0, position].sum().backward()
        assert seen.grad is not None
        assert bool((seen.grad[0].abs().sum(-1) > 0).all())


def test_time_and_frame_matter() -> None:
    x, condition = inputs(1, 12)
    assert not torch.allclose(NET(x, condition), NET(x, condition + 1), atol=1e-3)


@pytest.mark.parametrize("length", [8, 13, 32])
def test_a_condition_of_every_token_is_that_of_all_where_they_are_alike(length: int) -> None:
    """The shared one is not padded, so that this holds where the padding ends too, at lengths that it fills."""
    x, condition = inputs(2, length)
    each = NET(x, condition.expand(2, length, WIDTH))
    assert each.shape == x.shape
    if length % 4 == 0:
        torch.testing.assert_close(each, NET(x, condition), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("length", [5, 13, 30])
def test_tokens_and_their_conditions_are_padded_alike_behind_their_end(length: int) -> None:
    x, _ = inputs(2, length)
    condition, padding = torch.randn(2, length, WIDTH, generator=rng(8)), (0, 0, 0, -length % 4)
    whole = NET(torch.nn.functional.pad(x, padding), torch.nn.functional.pad(condition, padding))
    torch.testing.assert_close(NET(x, condition), whole[:, :length])


@torch.no_grad()
def test_the_condition_of_one_token_is_felt_most_where_it_stands() -> None:
    x, condition = inputs(1, 32)
    base = NET(x, condition.repeat(1, 32, 1))
    for place in (3, 17, 28):
        changed = condition.repeat(1, 32, 1)
        changed[0, place] += 1
        felt = (NET(x, changed) - base).abs().sum(-1)[0]
        near = felt[max(0, place - 3) : place + 4].mean()
        far = torch.cat([felt[: max(0, place - 8)], felt[place + 9 :]]).mean()
        assert float(near) > 1.3 * float(far)


def test_a_block_at_a_lower_length_is_told_the_mean_of_the_tokens_it_stands_for() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(4)
        block = _Block(16, 16, WIDTH, attends=False)
        with torch.no_grad():
            for parameter in block.parameters():
                parameter.add_(torch.randn_like(parameter) * 0.2)
    h, condition = torch.randn(1, 16, 4, generator=rng(1)), torch.randn(1, WIDTH, 8, generator=rng(2))
    means = condition.view(1, WIDTH, 4, 2).mean(-1)
    torch.testing.assert_close(block(h, condition), block(h, means))


def test_a_fresh_one_says_nothing_and_its_blocks_hand_on_what_they_get() -> None:
    x, condition = inputs(2, 12)
    assert torch.equal(UNet(inputs=EMBEDDING, outputs=EMBEDDING, width=WIDTH)(x, condition), torch.zeros_like(x))
    h = torch.randn(2, 32, 12, generator=rng(0))
    assert torch.equal(_Block(32, 32, WIDTH, attends=True)(h, condition.transpose(1, 2)), h)


def test_every_parameter_is_trained() -> None:
    net = trained_unet()
    x, condition = inputs(2, 16)
    net(x, condition).square().sum().backward()
    untrained = [name for name, p in net.named_parameters() if p.grad is None or not p.grad.any()]
    assert untrained == []


@pytest.mark.parametrize(("width", "channels"), [(512, 96), (192, 32), (16, 16)])
def test_channels_follow_from_the_width(width: int, channels: int) -> None:
    assert base_channels(width) == channels


def test_three_lengths_with_two_blocks_each_on_the_way_down_and_up() -> None:
    net = UNet(inputs=EMBEDDING, outputs=EMBEDDING, width=512)
    down, up = ([block.conv_out.out_channels for block in side] for side in (net.down, net.up))
    assert down == [96, 96, 192, 192, 384, 384]
    assert up == down[::-1]
    attends = [isinstance(block.attention, torch.nn.Identity) for block in net.down]
    assert attends == [True, True, False, False, False, False]  # none at full length
