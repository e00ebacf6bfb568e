"""The ratios in which the pairs of a round are mixed."""

from __future__ import annotations

from collections import Counter

import pytest

from generators.bifi.mixing import breaker_mixture, fixer_mixture

ROUND0 = [f"rule {i}" for i in range(1_000)]
REAL = [f"real {i}" for i in range(30)]
MADE = {
    "brackets": [f"brackets {i}" for i in range(300)],
    "indentation": [f"indentation {i}" for i in range(20)],
    "syntax": [f"syntax {i}" for i in range(280)],
}


def kinds(mixture: list[str]) -> dict[str, int]:
    return dict(Counter(pair.split()[0] for pair in mixture))


def test_a_breaker_gets_a_third_from_round_0_and_two_thirds_real_pairs() -> None:
    assert kinds(breaker_mixture(ROUND0, REAL, 900, seed=1)) == {"rule": 300, "real": 600}


def test_a_fixer_gets_a_quarter_a_half_and_a_quarter_that_is_split_by_category() -> None:
    mixture = fixer_mixture(ROUND0, REAL, MADE, seed=1)
    assert len(mixture) == 1_200  # twice as many as the breaker made
    assert kinds(mixture) == {"rule": 300, "real": 600, "brackets": 100, "indentation": 100, "syntax": 100}


def test_parts_are_repeated_evenly() -> None:
    times = Counter(pair for pair in fixer_mixture(ROUND0, REAL, MADE, seed=1))
    assert {times[pair] for pair in REAL} == {20}
    assert {times[pair] for pair in MADE["indentation"]} == {5}
    assert max(times[pair] for pair in ROUND0) == 1  # more than are needed: none twice
    times = Counter(breaker_mixture(ROUND0[:7], REAL, 90, seed=1))
    assert sorted(times[pair] for pair in ROUND0[:7]) == [4, 4, 4, 4, 4, 5, 5]


def test_a_category_without_pairs_leaves_its_share_to_the_others() -> None:
    made = {"brackets": MADE["brackets"], "indentation": [], "syntax": MADE["syntax"]}
    mixture = fixer_mixture(ROUND0, REAL, made, seed=1)
    assert kinds(mixture) == {"rule": 290, "real": 580, "brackets": 145, "syntax": 145}


def test_of_few_pairs_every_real_one_is_there() -> None:
    mixture = fixer_mixture(ROUND0[:2], REAL, {"syntax": ["syntax 0"]}, seed=1)
    assert kinds(mixture) == {"rule": 15, "real": 30, "syntax": 15}
    assert set(REAL) <= set(mixture)
    assert kinds(fixer_mixture(["rule"], ["real"], {"syntax": ["syntax"]}, seed=1)) == {"real": 1, "syntax": 1}


def test_a_mixture_depends_on_the_seed_alone_and_is_shuffled() -> None:
    first, again, other = (fixer_mixture(ROUND0, REAL, MADE, seed=seed) for seed in (1, 1, 2))
    assert first == again != other
    assert breaker_mixture(ROUND0, REAL, 90, 1) == breaker_mixture(ROUND0, REAL, 90, 1)
    assert breaker_mixture(ROUND0, REAL, 90, 1) != breaker_mixture(ROUND0, REAL, 90, 2)
    assert len(kinds(first[:60])) == 5


@pytest.mark.parametrize(
    ("round0", "real", "made"), [([], REAL, MADE), (ROUND0, [], MADE), (ROUND0, REAL, {"syntax": []})]
)
def test_a_part_that_is_missing_is_an_error(round0: list[str], real: list[str], made: dict[str, list[str]]) -> None:
    with pytest.raises(ValueError, match="no pairs"):
        fixer_mixture(round0, real, made, seed=1)
