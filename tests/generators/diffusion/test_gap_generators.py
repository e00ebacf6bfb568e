"""Pairs by gaps: the same whatever else is asked for, one edit apart, and marked as what they are."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

import pytest

from generators.base import Candidate, Generator, Snippet
from generators.diffusion.breaking import GapBreaker
from generators.diffusion.checkpoint import Checkpoint
from generators.diffusion.edits import load_edits
from generators.diffusion.gap_generators import GROUP, CorpusGenerator, RenoiseGenerator
from schemas.config import DiffusionOptions
from schemas.errors import RequestError
from schemas.reasons import Reason
from validators import Language

SEED, HASH = 5, "c0ffee" * 10
Make = Callable[..., Generator]


@pytest.fixture
def renoise(checkpoint: Checkpoint) -> Make:
    def make(**options: object) -> Generator:
        values = {"mode": "renoise", "edits": "even", "tile": 4, "gaps": 3} | options
        return RenoiseGenerator(checkpoint, HASH, DiffusionOptions.model_validate(values))

    return make


@pytest.fixture
def corpus(checkpoint: Checkpoint, formulas: list[str]) -> Make:
    snippets = [Snippet(code, f"book#{i}") for i, code in enumerate(formulas)]

    def make(**options: object) -> Generator:
        values = {"mode": "corpus", "edits": "even"} | options
        return CorpusGenerator(checkpoint, HASH, DiffusionOptions.model_validate(values), snippets)

    return make


@pytest.mark.parametrize("mode", ["renoise", "corpus"])
@pytest.mark.parametrize("steps", [0, 2])
def test_candidates_do_not_depend_on_what_else_is_asked_for(
    request: pytest.FixtureRequest, mode: str, steps: int
) -> None:
    make: Make = request.getfixturevalue(mode)
    rows = list(range(30))
    full = list(make(gap_steps=steps).generate(SEED, len(rows)))
    assert [c.row for c in full] == rows
    random.Random(1).shuffle(rows)
    for first in range(0, len(rows), 7):
        wanted = rows[first : first + 7]
        part = list(make(gap_steps=steps).candidates(SEED, wanted))
        assert sorted(c.row for c in part) == sorted(wanted)
        assert all(candidate == full[candidate.row] for candidate in part)


def test_a_longer_shard_begins_with_the_same_rows(corpus: Make) -> None:
    assert list(corpus().generate(SEED, GROUP + 20))[:50] == list(corpus().generate(SEED, 50))


def test_another_shard_seed_gives_other_candidates(corpus: Make) -> None:
    first, second = ([(c.broken, c.fixed) for c in corpus().generate(seed, 60)] for seed in (1, 2))
    assert first != second


def _edited(language: Language, fixed: str, broken: str) -> tuple[int, int]:
    """Tokens between the common beginning and the common end of both sides."""
    a, b = ([token.text for token in language.tokens(text)] for text in (fixed, broken))
    while a and b and a[0] == b[0]:
        a, b = a[1:], b[1:]
    while a and b and a[-1] == b[-1]:
        a, b = a[:-1], b[:-1]
    return len(a), len(b)


def _pairs(candidates: list[Candidate]) -> list[Candidate]:
    return [c for c in candidates if c.failure is None]


def test_the_fixed_side_is_the_snippet_and_the_broken_side_differs_in_one_place(
    corpus: Make, formulas: list[str], excel: Language
) -> None:
    made = _pairs(list(corpus().generate(SEED, 120)))
    assert len(made) > 90
    for candidate in made:
        assert candidate.source_id is not None
        assert candidate.fixed == formulas[int(candidate.source_id.split("#")[1])]
        removed, opened = map(int, re.findall(r"gap=(\d)>(\d)", candidate.recipe)[0])
        if '"' not in candidate.fixed + candidate.broken:  # a quote that comes or goes changes how the rest is cut
            gone, came = _edited(excel, candidate.fixed, candidate.broken)
            assert gone <= removed + 2 and came <= opened + 3  # a space may come, and a neighbour be cut otherwise


def test_most_broken_sides_are_refused(corpus: Make, excel: Language) -> None:
    made = _pairs(list(corpus().generate(SEED, 120)))
    assert sum(not excel.check(c.broken).accepted for c in made) > 0.5 * len(made)


def test_rows_of_one_trajectory_share_their_fixed_side(renoise: Make) -> None:
    made = list(renoise().generate(SEED, 24))
    for first in range(0, 24, 3):
        rows = made[first : first + 3]
        assert len({c.fixed for c in rows}) == len({c.trajectory_id for c in rows}) == 1


def test_what_the_model_wrote_wrong_is_no_fixed_side(renoise: Make, excel: Language) -> None:
    for candidate in renoise().generate(SEED, 120):
        if candidate.failure is None:
            assert excel.check(candidate.fixed).accepted
        elif candidate.fixed:
            right = excel.check(candidate.fixed).accepted
            assert candidate.failure is (Reason.NOT_APPLICABLE if right else Reason.FIXED_REJECTED)


def test_the_recipe_names_mode_edits_and_gap_and_there_is_no_timestep(renoise: Make, corpus: Make) -> None:
    for mode, make in (("renoise", renoise), ("corpus", corpus)):
        for candidate in make().generate(SEED, 12):
            assert candidate.recipe.startswith(f"model={HASH[:16]} mode={mode} edits=even gap_steps=0")
            assert re.search(r"gap=(none|\d>\d)$", candidate.recipe)
            assert candidate.timestep is None and candidate.noise_level is None


def test_a_model_of_full_literals_is_refused_in_one_line(checkpoint: Checkpoint) -> None:
    from generators.diffusion.text.lexemes import SnippetTokenizer

    full = SnippetTokenizer.train("excel", ["=A1"], 1, 200)
    changed = Checkpoint(config=checkpoint.config, model=checkpoint.model, tokenizer=full)
    with pytest.raises(RequestError, match="full literals and knows no gaps"):
        GapBreaker(changed, load_edits("excel", "even"), checkpoint.config.sampling, 1.0)
