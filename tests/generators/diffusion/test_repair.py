"""The repair operator: a broken snippet, noise, the reverse process from there."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from generators.diffusion.checkpoint import Checkpoint
from generators.diffusion.repair import ROOM, RepairOperator
from generators.diffusion.sampler import RowNoise

BROKEN = ["=SUM(A1:B7", "=IF(A1>7,,", "=A1++*B7", "=MAX(A1;B7)", "=ROUND(A1/B7,2))"]
LEVELS = [0.02, 0.3, 0.9]


class Faithful(torch.nn.Module):
    """Stands for a model that knows every token: its estimate of x_0 is the nearest embedding."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.inner = model

    def embeddings(self) -> torch.Tensor:
        return 50 * torch.nn.functional.one_hot(torch.arange(self.inner.embedding.num_embeddings)).float()  # type: ignore

    def alpha_bar(self, level_B: torch.Tensor) -> torch.Tensor:
        return (1 - 0.5 * level_B)[:, None, None]

    def denoise(self, x_BLE: torch.Tensor, level_B: torch.Tensor, previous: object = None) -> torch.Tensor:
        return self.embeddings()[x_BLE.argmax(-1)]

    def decode(self, x0_BLE: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return x0_BLE, x0_BLE


@pytest.fixture
def faithful(checkpoint: Checkpoint) -> Checkpoint:
    model = checkpoint.config.model.model_copy(update={"embedding_dim": len(checkpoint.tokenizer)})
    sampling = checkpoint.config.sampling.model_copy(update={"feedback": "denoiser"})
    config = checkpoint.config.model_copy(update={"model": model, "sampling": sampling})
    return replace(checkpoint, config=config, model=Faithful(checkpoint.model))  # type: ignore[arg-type]


def test_what_the_model_finds_likely_comes_back_with_its_own_literals(faithful: Checkpoint) -> None:
    """Nothing is lost on the way: shrinking, embedding, noise, the reverse process, literals put back."""
    codes = ["=SUM($AB$100:C7", '=IF(A1>7,"a long text",', "= A1 +  B7)"]
    for code, found in zip(codes, RepairOperator(faithful).candidates(codes, [0.1, 0.5], 2, 0), strict=True):
        assert [candidate.text for candidate in found] == [code] * 4


def test_candidates_come_by_snippet_then_level_then_sample(checkpoint: Checkpoint) -> None:
    found = list(RepairOperator(checkpoint).candidates(BROKEN, LEVELS, 3, 0))
    assert len(found) == len(BROKEN)
    for candidates in found:
        assert [(c.level, c.sample) for c in candidates] == [(level, k) for level in LEVELS for k in range(3)]
    assert len({c.text for candidates in found for c in candidates}) > 10


@pytest.mark.parametrize("canvas", ["fixed", "shifted"])
def test_a_candidate_does_not_depend_on_its_company(checkpoint: Checkpoint, canvas: str) -> None:
    operator = RepairOperator(checkpoint, canvas=canvas, tile=8)  # type: ignore[arg-type]
    together = dict(zip(BROKEN, operator.candidates(BROKEN, LEVELS, 2, 5), strict=True))
    for code in reversed(BROKEN):
        assert list(operator.candidates([code], LEVELS, 2, 5)) == [together[code]]
    other = dict(zip(BROKEN, operator.candidates(BROKEN, LEVELS, 2, 6), strict=True))
    assert other != together


def test_more_noise_leaves_less_of_the_snippet(checkpoint: Checkpoint) -> None:
    """x_t is closer to the embedded snippet the less noise there is: the equation of section 3.2."""
    operator = RepairOperator(checkpoint)
    model = checkpoint.model
    tokens_BL = torch.full((1, 16), 5)
    noise_BLE = RowNoise([1], 16, checkpoint.config.model.embedding_dim, torch.device("cpu"))()
    for level in LEVELS:
        start_B = torch.tensor([level])
        signal = model.alpha_bar(start_B)
        expected = signal.sqrt() * model.embeddings()[tokens_BL] + (1 - signal).sqrt() * noise_BLE
        torch.testing.assert_close(operator._inject(tokens_BL, start_B, noise_BLE), expected)


def test_what_the_model_has_no_token_for_is_pure_noise(checkpoint: Checkpoint) -> None:
    operator = RepairOperator(checkpoint)
    source = operator._source("=SUM(A1\u00a7B7)")
    assert source is not None and source.ids.count(2) == 1
    tokens_BL = torch.tensor([[2, 5]])
    noise_BLE = torch.randn(1, 2, checkpoint.config.model.embedding_dim)
    x_BLE = operator._inject(tokens_BL, torch.tensor([0.1]), noise_BLE)
    assert torch.equal(x_BLE[0, 0], noise_BLE[0, 0])
    assert not torch.equal(x_BLE[0, 1], noise_BLE[0, 1])


def test_a_shifted_canvas_moves_by_one_token_at_most_and_the_first_sample_not(checkpoint: Checkpoint) -> None:
    operator = RepairOperator(checkpoint, canvas="shifted")
    source = operator._source("=MAX(A1;B7)")
    assert source is not None
    assert operator._shifted(source, 0, 9) == source.ids
    lengths = set()
    for seed in range(200):
        ids = operator._shifted(source, 1, seed)
        lengths.add(len(ids) - len(source.ids))
        rest = [i for i in ids if i != 2]
        kept = iter(source.ids)
        assert all(i in kept for i in rest)  # a gap or a token less, and the others in their order
        assert len(source.ids) - len(rest) <= 1
    assert lengths == {-1, 0, 1}


def test_a_snippet_that_is_too_long_has_no_candidates(checkpoint: Checkpoint) -> None:
    longest = checkpoint.config.model.max_tokens - ROOM - 1
    fits, too_long = "=" + "1+" * ((longest - 1) // 2), "=" + "1+" * longest
    short, none, last = RepairOperator(checkpoint).candidates([fits, too_long, "=A1+"], LEVELS, 1, 0)
    assert (len(short), len(none), len(last)) == (3, 0, 3)


@pytest.mark.parametrize("code", ["", "=", "\ud800(", "=" + "(" * 9, "\x00\n\t", "=\u201cYes\u201d"])
def test_no_text_is_too_strange(checkpoint: Checkpoint, code: str) -> None:
    [found] = RepairOperator(checkpoint, canvas="shifted").candidates([code], [0.1], 4, 0)
    assert len(found) == 4
