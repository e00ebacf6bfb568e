"""The paper's repair operator: a broken snippet, noise on all of it, the reverse process from there."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from generators.diffusion.checkpoint import Checkpoint
from generators.diffusion.config import EOS, UNKNOWN
from generators.diffusion.process import NoiseProcess
from generators.diffusion.repair import RepairOperator
from generators.diffusion.sampler import RowNoise
from generators.diffusion.text.lexemes import SnippetTokenizer
from tests.generators.diffusion.tiny import FORMULAS, tiny_checkpoint

BROKEN = ["=SUM(A1:B7", "=IF(A1>7,,", "=A1++*B7", "=MAX(A1;B7)", "=ROUND(A1/B7,2))"]
LEVELS = [0.02, 0.3, 0.9]


class Faithful(torch.nn.Module):
    """Stands for a model that knows every token: its estimate of x_0 is the nearest embedding."""

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.vocabulary = vocabulary
        self.process = NoiseProcess("linear")
        self.told: list[int] = []  # tokens that it answers with instead, behind one another

    def embeddings(self) -> torch.Tensor:
        return 50 * torch.nn.functional.one_hot(torch.arange(self.vocabulary)).float()

    def denoise(self, x_BLE: torch.Tensor, level_BL: torch.Tensor, previous: object = None) -> torch.Tensor:
        if self.told:
            told = [*self.told, *[EOS] * (x_BLE.shape[1] - len(self.told))]
            return self.embeddings()[torch.tensor(told)].expand_as(x_BLE)
        return self.embeddings()[x_BLE.argmax(-1)]

    def decode(self, x0_BLE: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return x0_BLE, x0_BLE


def faithful(checkpoint: Checkpoint) -> Checkpoint:
    size = len(checkpoint.tokenizer)
    model = checkpoint.config.model.model_copy(update={"embedding_dim": size})
    sampling = checkpoint.config.sampling.model_copy(update={"feedback": "denoiser"})
    config = checkpoint.config.model_copy(update={"model": model, "sampling": sampling})
    return replace(checkpoint, config=config, model=Faithful(size))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    return tiny_checkpoint()


def test_what_the_model_finds_likely_comes_back_with_its_own_texts(checkpoint: Checkpoint) -> None:
    """Nothing is lost on the way but spaces: structure, embedding, noise, the reverse process, the slots' texts."""
    codes = ["=SUM($AB$100:C7", '=IF(A1>7,"a long text",', "= A1 +  B7)"]
    operator = RepairOperator(faithful(checkpoint))
    for code, found in zip(codes, operator.candidates(codes, [0.1, 0.5], 2, 0), strict=True):
        assert [candidate.text for candidate in found] == [code.replace(" ", "") if "text" not in code else code] * 4


def test_a_slot_that_the_snippet_lacks_is_filled_by_the_candidates_seed(checkpoint: Checkpoint) -> None:
    told = faithful(checkpoint)
    told.model.told = told.tokenizer.ids(["=", "<R0>", "+", "<R1>"])  # type: ignore[union-attr, assignment]
    [found] = RepairOperator(told).candidates(["=$AB$100+"], [0.5], 12, 0)
    texts = [candidate.text or "" for candidate in found]
    assert all(text.startswith("=$AB$100+") and len(text) > 10 for text in texts)
    assert len(set(texts)) > 1
    assert [candidate.text for candidate in next(RepairOperator(told).candidates(["=$AB$100+"], [0.5], 12, 0))] == texts


def test_a_token_that_is_none_leaves_no_text(checkpoint: Checkpoint) -> None:
    told = faithful(checkpoint)
    told.model.told = [5, UNKNOWN]  # type: ignore[assignment]
    [found] = RepairOperator(told).candidates(["=A1+"], [0.5], 1, 0)
    assert [candidate.text for candidate in found] == [None]


def test_full_literals_are_repaired_without_slots(checkpoint: Checkpoint) -> None:
    lexemes = SnippetTokenizer.train("excel", list(FORMULAS), 1, 512)
    full = replace(checkpoint, tokenizer=lexemes)
    code = "=SUM(A1:B7"
    [found] = RepairOperator(faithful(full)).candidates([code], [0.3], 2, 0)
    assert [candidate.text for candidate in found] == [code] * 2


def test_candidates_come_by_snippet_then_level_then_sample(checkpoint: Checkpoint) -> None:
    found = list(RepairOperator(checkpoint).candidates(BROKEN, LEVELS, 3, 0))
    assert len(found) == len(BROKEN)
    for candidates in found:
        assert [(c.level, c.sample) for c in candidates] == [(level, k) for level in LEVELS for k in range(3)]
    assert len({c.text for candidates in found for c in candidates}) > 10


def test_a_candidate_does_not_depend_on_its_company(checkpoint: Checkpoint) -> None:
    operator = RepairOperator(checkpoint, tile=8)
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
        start_B1 = torch.tensor([[level]])
        signal = model.process.alpha_bar(start_B1)
        expected = signal.sqrt() * model.embeddings()[tokens_BL] + (1 - signal).sqrt() * noise_BLE
        torch.testing.assert_close(operator._inject(tokens_BL, start_B1, noise_BLE), expected)


def test_what_the_model_has_no_token_for_is_pure_noise(checkpoint: Checkpoint) -> None:
    operator = RepairOperator(checkpoint)
    tokens_BL = torch.tensor([[UNKNOWN, 5]])
    noise_BLE = torch.randn(1, 2, checkpoint.config.model.embedding_dim)
    x_BLE = operator._inject(tokens_BL, torch.tensor([[0.1]]), noise_BLE)
    assert torch.equal(x_BLE[0, 0], noise_BLE[0, 0])
    assert not torch.equal(x_BLE[0, 1], noise_BLE[0, 1])


def test_no_token_moves(checkpoint: Checkpoint) -> None:
    """Whatever a candidate is, its canvas was the snippet's own tokens in their places."""
    seen: list[list[int]] = []
    operator = RepairOperator(checkpoint)
    inject = operator._inject

    def watch(tokens_BL: torch.Tensor, *rest: torch.Tensor) -> torch.Tensor:
        seen.extend(tokens_BL.tolist())
        return inject(tokens_BL, *rest)

    operator._inject = watch  # type: ignore[method-assign]
    list(operator.candidates(["=MAX(A1;B7)"], [0.1], 3, 0))
    ids = checkpoint.tokenizer.encode("=MAX(A1;B7)")
    assert len({tuple(row) for row in seen[:3]}) == 1 and seen[0][: len(ids) + 1] == [*ids, EOS]


def test_a_snippet_that_is_too_long_has_no_candidates(checkpoint: Checkpoint) -> None:
    longest = checkpoint.config.model.max_tokens - 1
    fits, too_long = "=" + "1+" * ((longest - 1) // 2), "=" + "1+" * longest
    short, none, last = RepairOperator(checkpoint).candidates([fits, too_long, "=A1+"], LEVELS, 1, 0)
    assert (len(short), len(none), len(last)) == (3, 0, 3)


@pytest.mark.parametrize("code", ["", "=", "\ud800(", "=" + "(" * 9, "\x00\n\t", "=\u201cYes\u201d"])
def test_no_text_is_too_strange(checkpoint: Checkpoint, code: str) -> None:
    [found] = RepairOperator(checkpoint).candidates([code], [0.1], 4, 0)
    assert len(found) == 4
