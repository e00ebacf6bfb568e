"""The three-part loss, on models made for the purpose."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from generators.diffusion.config import EOS, PAD
from generators.diffusion.loss import DiffusionLoss, LossTerms
from generators.diffusion.model import CodeDiffusion
from generators.diffusion.process import NoiseProcess

TOKENS = torch.tensor([[3, 4, EOS, PAD], [5, EOS, PAD, PAD]])
LEVEL = torch.tensor([[0.2], [0.8]])
VOCABULARY, WIDTH = 6, 8


class Linear(NoiseProcess):
    """As much signal as there is level left."""

    def alpha_bar(self, level_BL: Tensor) -> Tensor:
        return (1 - level_BL)[..., None]


class Stub(nn.Module):
    """Denoises to the batch itself plus an error, decodes to what it is given, and names the right tokens."""

    config = SimpleNamespace(prediction="x0", rounding="decoder")

    def __init__(self, denoiser_error: Tensor, decoder_error: Tensor, wrong: Tensor) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.randn(VOCABULARY, WIDTH, generator=torch.Generator().manual_seed(0)))
        self.bias = nn.Parameter(torch.zeros(WIDTH))
        self.errors = denoiser_error[..., None], decoder_error[..., None]
        named = torch.where(wrong.bool(), (TOKENS + 1) % VOCABULARY, TOKENS)
        self.logits = 30.0 * F.one_hot(named, VOCABULARY)
        self.process = Linear("linear")

    def embeddings(self) -> Tensor:
        return self.table

    def denoise(self, x_BLE: Tensor, level_BL: Tensor, previous_BLE: Tensor | None = None) -> Tensor:
        return self.table.detach()[TOKENS] + self.errors[0] + self.bias

    def decode(self, x0_BLE: Tensor) -> tuple[Tensor, Tensor]:
        return self.table.detach()[TOKENS] + self.errors[1] + self.bias, self.logits


def terms(stub: nn.Module, padding_weight: float, *, self_condition: bool = False) -> LossTerms:
    noise = torch.randn(*TOKENS.shape, WIDTH, generator=torch.Generator().manual_seed(1))
    result: LossTerms = DiffusionLoss(stub, padding_weight)(TOKENS, LEVEL, noise, self_condition)  # type: ignore[arg-type]
    return result


NONE = torch.zeros(TOKENS.shape)
ALL = torch.ones(TOKENS.shape)
PADDING = (TOKENS == PAD).float()


def test_every_term_of_a_perfect_model_is_zero() -> None:
    perfect = terms(Stub(NONE, NONE, NONE), 1.0)
    assert perfect.denoiser.item() == perfect.decoder.item() == 0
    assert perfect.cross_entropy.item() < 1e-9
    assert perfect.row_cross_entropy_B.max().item() < 1e-9


def test_each_term_counts_its_own_mistakes_and_the_total_is_their_sum() -> None:
    mistakes = {
        "denoiser": (2 * ALL, NONE, NONE),
        "decoder": (NONE, 2 * ALL, NONE),
        "cross_entropy": (NONE, NONE, ALL),
    }
    for name, errors in mistakes.items():
        result = terms(Stub(*errors), 1.0)
        parts = {part: getattr(result, part).item() for part in mistakes}
        assert parts[name] == pytest.approx(30 if name == "cross_entropy" else 4)
        assert sum(parts.values()) - parts[name] < 1e-9
        assert result.total.item() == pytest.approx(sum(parts.values()))


def test_cross_entropy_weighs_what_it_is_told_to_beside_the_other_two() -> None:
    stub = Stub(2 * ALL, 2 * ALL, ALL)
    noise = torch.zeros(*TOKENS.shape, WIDTH)
    result = DiffusionLoss(stub, 1.0, cross_entropy_weight=0.5)(TOKENS, LEVEL, noise, False)  # type: ignore[arg-type]
    assert result.total.item() == pytest.approx(4 + 4 + 0.5 * 30)
    assert result.cross_entropy.item() == pytest.approx(30)


@pytest.mark.parametrize("weight", [0.0, 0.2, 1.0])
def test_padding_weighs_what_it_is_told_to(weight: float) -> None:
    own, padding = 5, 3
    share = weight * padding / (own + weight * padding)
    result = terms(Stub(2 * PADDING, 2 * PADDING, PADDING), weight)
    assert result.denoiser.item() == pytest.approx(4 * share)
    assert result.decoder.item() == pytest.approx(4 * share)
    assert result.cross_entropy.item() == pytest.approx(30 * share)


def test_cross_entropy_of_a_row_is_the_mean_over_its_own_tokens() -> None:
    wrong = torch.tensor([[1, 0, 0, 1], [0, 1, 1, 1]])
    rows = terms(Stub(NONE, NONE, wrong), 1.0).row_cross_entropy_B
    torch.testing.assert_close(rows, torch.tensor([30 / 3, 30 / 2]))
    assert not rows.requires_grad


def test_squared_errors_do_not_pull_at_the_embeddings() -> None:
    stub = Stub(ALL, ALL, NONE)
    result = terms(stub, 1.0)
    (result.denoiser + result.decoder).backward()  # type: ignore[no-untyped-call]
    assert stub.bias.grad is not None and stub.bias.grad.abs().max().item() > 0
    assert stub.table.grad is None  # the target is detached


def test_cross_entropy_trains_every_part_of_the_model(make_model: Callable[..., CodeDiffusion]) -> None:
    model = make_model()
    tokens = torch.tensor([[3, 4, EOS, PAD, PAD, PAD, PAD, PAD]])
    noise = torch.randn(1, 8, 8, generator=torch.Generator().manual_seed(2))
    DiffusionLoss(model, 0.2)(tokens, torch.tensor([[0.3]]), noise, True).cross_entropy.backward()
    for part in (model.embedding, model.denoiser, model.decoder, model.head, model.time, model.frame):
        gradients = [p.grad for p in part.parameters() if p.grad is not None]
        assert sum(g.abs().sum().item() for g in gradients) > 0


def test_self_conditioning_feeds_back_an_estimate_without_gradient() -> None:
    previous: list[Tensor | None] = []

    class Watched(Stub):
        def denoise(self, x_BLE: Tensor, level_BL: Tensor, previous_BLE: Tensor | None = None) -> Tensor:
            previous.append(previous_BLE)
            return super().denoise(x_BLE, level_BL, previous_BLE)

    terms(Watched(NONE, NONE, NONE), 1.0, self_condition=False)
    assert previous == [None]
    previous.clear()
    terms(Watched(NONE, NONE, NONE), 1.0, self_condition=True)
    assert previous[0] is None
    assert previous[1] is not None and not previous[1].requires_grad


def test_a_model_of_the_noise_is_compared_with_the_noise() -> None:
    """x_0 that is 2 off is noise that is 2 sqrt(signal / (1 - signal)) off: 4 at level 0.2, 1 at level 0.8."""

    class OfNoise(Stub):
        config = SimpleNamespace(prediction="noise", rounding="decoder")

    assert terms(OfNoise(NONE, NONE, NONE), 1.0).denoiser.item() == pytest.approx(0, abs=1e-9)
    wrong = terms(OfNoise(2 * ALL, NONE, NONE), 1.0)
    assert wrong.denoiser.item() == pytest.approx((16 + 1) / 2)
    assert wrong.decoder.item() == 0


def test_a_model_that_clamps_has_two_parts_of_the_loss() -> None:
    class Clamping(Stub):
        config = SimpleNamespace(prediction="x0", rounding="clamp")

    result = terms(Clamping(2 * ALL, 2 * ALL, ALL), 1.0)
    assert result.decoder.item() == 0
    assert result.denoiser.item() == pytest.approx(4)
    assert result.total.item() == pytest.approx(4 + 30)


CHOSEN = torch.tensor([[False, True, False, False], [True, True, True, True]])  # a keyword; a row without any


def noise_for(tokens: Tensor, width: int) -> Tensor:
    return torch.randn(*tokens.shape, width, generator=torch.Generator().manual_seed(1))


def test_only_noised_tokens_weigh() -> None:
    for place in CHOSEN.nonzero().tolist():
        error = torch.zeros(TOKENS.shape)
        error[tuple(place)] = 2
        padding = TOKENS[tuple(place)] == PAD
        stub = Stub(error, error, error)
        result: LossTerms = DiffusionLoss(stub, 0.2)(TOKENS, LEVEL, noise_for(TOKENS, WIDTH), False, CHOSEN)  # type: ignore[arg-type]
        share = (0.2 if padding else 1.0) / (3 + 2 * 0.2)
        assert result.denoiser.item() == pytest.approx(4 * share)
        assert result.cross_entropy.item() == pytest.approx(30 * share)
    elsewhere = (~CHOSEN).float()
    result = DiffusionLoss(Stub(elsewhere, elsewhere, elsewhere), 0.2)(  # type: ignore[arg-type]
        TOKENS, LEVEL, noise_for(TOKENS, WIDTH), False, CHOSEN
    )
    assert result.total.item() < 1e-9


def test_context_is_given_as_it_is_to_denoiser_decoder_and_self_conditioning() -> None:
    seen: dict[str, Tensor] = {}

    class Watched(Stub):
        def denoise(self, x_BLE: Tensor, level_BL: Tensor, previous_BLE: Tensor | None = None) -> Tensor:
            assert torch.equal(level_BL, torch.where(CHOSEN, LEVEL, 0.0))  # each token is told its own
            seen["x"] = x_BLE
            if previous_BLE is not None:
                seen["previous"] = previous_BLE
            return super().denoise(x_BLE, level_BL, previous_BLE)

        def decode(self, x0_BLE: Tensor) -> tuple[Tensor, Tensor]:
            seen["decoded"] = x0_BLE
            return super().decode(x0_BLE)

    stub = Watched(2 * ALL, NONE, NONE)
    noise = noise_for(TOKENS, WIDTH)
    DiffusionLoss(stub, 1.0)(TOKENS, LEVEL, noise, True, CHOSEN)  # type: ignore[arg-type]
    x0 = stub.table[TOKENS]
    signal = 1 - LEVEL[..., None]
    noised = {"x": signal.sqrt() * x0 + (1 - signal).sqrt() * noise, "previous": x0 + 2, "decoded": x0 + 2}
    for name, expected in noised.items():
        assert torch.equal(seen[name][~CHOSEN], x0[~CHOSEN])
        torch.testing.assert_close(seen[name][CHOSEN], expected[CHOSEN])


def test_noising_every_token_is_noising_all(make_model: Callable[..., CodeDiffusion]) -> None:
    tokens = torch.tensor([[3, 4, EOS, PAD, PAD, PAD, PAD, PAD]])
    loss = DiffusionLoss(make_model(), 0.2)
    arguments = tokens, torch.tensor([[0.3]]), noise_for(tokens, 8), True
    assert loss(*arguments).total.item() == loss(*arguments, torch.ones_like(tokens, dtype=torch.bool)).total.item()


def test_a_level_for_the_row_is_that_level_for_each_token(make_model: Callable[..., CodeDiffusion]) -> None:
    tokens = torch.tensor([[3, 4, EOS, PAD, PAD, PAD, PAD, PAD], [5, 3, 4, 3, EOS, PAD, PAD, PAD]])
    loss, shared = DiffusionLoss(make_model(), 0.2), torch.tensor([[0.3], [0.7]])
    for self_condition in (False, True):
        rows = loss(tokens, shared, noise_for(tokens, 8), self_condition)
        each = loss(tokens, shared.expand(2, 8), noise_for(tokens, 8), self_condition)
        torch.testing.assert_close(rows.total, each.total)
        torch.testing.assert_close(rows.row_cross_entropy_B, each.row_cross_entropy_B)


def test_tokens_are_noised_each_to_its_own_level_and_the_denoiser_is_told() -> None:
    seen: list[Tensor] = []

    class Watched(Stub):
        def denoise(self, x_BLE: Tensor, level_BL: Tensor, previous_BLE: Tensor | None = None) -> Tensor:
            seen[:] = x_BLE, level_BL
            return super().denoise(x_BLE, level_BL, previous_BLE)

    stub, noise = Watched(NONE, NONE, NONE), noise_for(TOKENS, WIDTH)
    levels = torch.tensor([[0.0, 0.1, 0.5, 1.0], [0.9, 0.3, 0.2, 0.4]])
    DiffusionLoss(stub, 1.0)(TOKENS, levels, noise, False)  # type: ignore[arg-type]
    signal = (1 - levels)[..., None]
    torch.testing.assert_close(seen[0], signal.sqrt() * stub.table[TOKENS] + (1 - signal).sqrt() * noise)
    assert torch.equal(seen[1], levels)
