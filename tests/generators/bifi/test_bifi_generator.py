"""Pairs from correct snippets: the same whatever else is computed, and taken for mistakes by the critic."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import pytest
import torch

from generators.base import Candidate, Snippet
from generators.bifi.critic import distance, is_breakage
from generators.bifi.generator import BifiGenerator
from generators.bifi.rewriter import Rewriter
from schemas.config import BifiOptions
from schemas.reasons import Reason
from validators import Language

SEED, ROWS = 5, 30  # not a multiple of the tile


@pytest.fixture(scope="module")
def snippets(good: list[str]) -> list[Snippet]:
    return [Snippet(code, f"corpus:{i}") for i, code in enumerate(good)]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class Scripted:
    """Stands for a breaker: gives the outputs it was told to."""

    def __init__(self, outputs: Sequence[str]) -> None:
        self.outputs = list(outputs)
        self.calls: list[int] = []

    def rewrite(self, codes: Sequence[str], outputs: int) -> Iterator[list[str]]:
        self.calls.append(len(codes))
        yield from (self.outputs[:outputs] for _ in codes)


def scripted(language: Language, outputs: Sequence[str], **options: object) -> Candidate:
    values = BifiOptions.model_validate({"tile": 2, "beams": 5} | options)
    breaker: object = Scripted(outputs)
    generator = BifiGenerator([Snippet("f(a, b)", "corpus:0")], values, language, breaker, "c0ffee" * 10)  # type: ignore[arg-type]
    return next(generator.generate(SEED, 1))


@pytest.mark.parametrize("trained", [True, False], ids=["breaker", "operators"])
def test_candidates_do_not_depend_on_what_else_is_asked_for(
    snippets: list[Snippet], python: Language, breaker: Rewriter, trained: bool
) -> None:
    options = BifiOptions(tile=8, beams=3)
    model = (breaker, "c0ffee" * 10) if trained else (None, None)
    full = list(BifiGenerator(snippets, options, python, *model).generate(SEED, ROWS))
    assert [candidate.row for candidate in full] == list(range(ROWS))
    assert len({candidate.broken for candidate in full}) > ROWS / 3  # there is something to confuse
    rows = list(range(ROWS))
    rng = random.Random(14)
    for size in (2, 9):
        rng.shuffle(rows)
        for first in range(0, ROWS, size):
            wanted = rows[first : first + size]
            part = list(BifiGenerator(snippets, options, python, *model).candidates(SEED, wanted))
            assert sorted(candidate.row for candidate in part) == sorted(wanted)
            assert all(candidate == full[candidate.row] for candidate in part)


@pytest.mark.parametrize("trained", [True, False], ids=["breaker", "operators"])
def test_every_pair_passes_the_critic(
    snippets: list[Snippet], python: Language, breaker: Rewriter, trained: bool
) -> None:
    sources = {snippet.source_id: snippet.code for snippet in snippets}
    model = (breaker, "c0ffee" * 10) if trained else (None, None)
    pairs = [c for c in BifiGenerator(snippets, BifiOptions(tile=8), python, *model).generate(7, 64) if not c.failure]
    assert len(pairs) > 32
    for candidate in pairs:
        assert candidate.source_id is not None
        assert candidate.fixed == sources[candidate.source_id]
        assert is_breakage(python, candidate.broken, candidate.fixed)


def test_recipes_name_the_breaker_or_the_operators(
    snippets: list[Snippet], python: Language, breaker: Rewriter
) -> None:
    options = BifiOptions(tile=4, beams=3)
    made = next(BifiGenerator(snippets, options, python, breaker, "c0ffee" * 10).generate(SEED, 1))
    assert made.recipe == "breaker=c0ffeec0ffeec0ff beams=3 tile=4"
    ruled = [c for c in BifiGenerator(snippets, options, python, None, None).generate(SEED, 10) if not c.failure]
    assert all(c.recipe.startswith("operators=") and " category=" in c.recipe for c in ruled)


def test_another_seed_gives_other_candidates(snippets: list[Snippet], python: Language, breaker: Rewriter) -> None:
    generator = BifiGenerator(snippets, BifiOptions(tile=8, beams=3), python, breaker, "c0ffee" * 10)
    assert list(generator.generate(1, 8)) != list(generator.generate(2, 8))


@pytest.mark.parametrize("rows", [[0], [5], [1, 3]])
def test_every_tile_is_computed_whole(python: Language, rows: list[int]) -> None:
    """A matrix product may round differently for another shape."""
    breaker = Scripted(["f(a, b"])
    generator = BifiGenerator(
        [Snippet("f(a, b)", "corpus:0")], BifiOptions(tile=4), python, breaker, "c0ffee"  # type: ignore[arg-type]
    )  # fmt: skip
    list(generator.candidates(SEED, rows))
    assert set(breaker.calls) == {4}


def test_a_row_chooses_among_the_outputs_that_pass(python: Language) -> None:
    outputs = ["f(a, b)", "f(a, b", "f(a b)", "f(b)", "f a, b)"]
    breaker: object = Scripted(outputs)
    generator = BifiGenerator([Snippet("f(a, b)", "corpus:0")], BifiOptions(tile=8), python, breaker, "c0ffee")  # type: ignore[arg-type]
    chosen = [candidate.broken for candidate in generator.generate(SEED, 96)]
    assert set(chosen) == {"f(a, b", "f(a b)", "f a, b)"}
    assert min(map(chosen.count, set(chosen))) > 16


@pytest.mark.parametrize(
    ("outputs", "options", "reason"),
    [
        ([], {}, Reason.NOT_APPLICABLE),
        (["f(a, b)"], {}, Reason.IDENTICAL),
        (["f(a,b)"], {}, Reason.IDENTICAL),
        (["f(a, b)", "f(b)"], {}, Reason.BROKEN_ACCEPTED),
        (["f(a, b)", "(("], {}, Reason.TOO_FAR),
        (["f a b"], {"max_distance": 2}, Reason.TOO_FAR),
    ],
)
def test_a_row_without_a_mistake_says_why(
    python: Language, outputs: list[str], options: dict[str, object], reason: Reason
) -> None:
    candidate = scripted(python, outputs, **options)
    assert (candidate.failure, candidate.broken, candidate.fixed) == (reason, "", "f(a, b)")


def test_a_larger_distance_lets_more_through(python: Language) -> None:
    assert distance(python, "f a b", "f(a, b)") == 3
    assert scripted(python, ["f a b"], max_distance=3).broken == "f a b"


def test_what_no_operator_can_break_is_not_applicable(python: Language) -> None:
    generator = BifiGenerator([Snippet("", "corpus:0")], BifiOptions(), python, None, None)
    assert [candidate.failure for candidate in generator.generate(SEED, 2)] == [Reason.NOT_APPLICABLE] * 2
