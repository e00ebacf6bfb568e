"""Timesteps are drawn without repetition; stratified, every distance that there is has the same share."""

from __future__ import annotations

import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from pytest import approx

from generators.diffusion.selection import select, stratified, uniform
from schemas.config import DiffusionOptions
from validators import get_language

DISTANCES = st.lists(st.none() | st.integers(0, 12), min_size=2, max_size=30)
CHI_SQUARE_4 = 13.28  # 99th percentile with 4 degrees of freedom


@given(distances=DISTANCES, low=st.integers(1, 6), width=st.integers(0, 6), seed=st.integers(), data=st.data())
def test_draws_are_allowed_distinct_and_within_the_strata_as_long_as_they_last(
    distances: list[int | None], low: int, width: int, seed: int, data: st.DataObject
) -> None:
    allowed = data.draw(st.lists(st.integers(1, len(distances) - 1), min_size=1, unique=True))
    draws = data.draw(st.integers(1, len(allowed)))
    found = stratified(distances, (low, low + width), random.Random(seed), draws, allowed)
    assert len(found) == len(set(found)) == draws
    assert set(found) <= set(allowed)
    inside = [low <= distance <= low + width for t in allowed if (distance := distances[t]) is not None]
    matching = [(d := distances[t]) is not None and low <= d <= low + width for t in found]
    assert sum(matching) == min(draws, sum(inside))
    assert matching == sorted(matching, reverse=True)  # others come last
    assert stratified(distances, (low, low + width), random.Random(seed), draws, allowed) == found


def test_rare_distances_are_drawn_as_often_as_frequent_ones() -> None:
    distances = [0, 1, *[2] * 50, *[3] * 20, 4, *[5] * 7, *[6] * 90, None]
    rng, draws = random.Random(1), 5_000
    counts: Counter[int] = Counter()
    for _ in range(draws):
        (t,) = stratified(distances, (1, 5), rng, 1, range(1, len(distances)))
        distance = distances[t]
        assert distance is not None
        counts[distance] += 1
    assert counts.keys() == {1, 2, 3, 4, 5}
    assert sum((n - draws / 5) ** 2 / (draws / 5) for n in counts.values()) < CHI_SQUARE_4


def test_timesteps_of_one_distance_are_drawn_uniformly() -> None:
    rng, draws = random.Random(2), 5_000
    counts = Counter(stratified([0, 3, 3, 3, 3, 3, 9], (1, 5), rng, 1, range(1, 7))[0] for _ in range(draws))
    assert counts.keys() == {1, 2, 3, 4, 5}
    assert sum((n - draws / 5) ** 2 / (draws / 5) for n in counts.values()) < CHI_SQUARE_4


def test_without_a_distance_in_the_strata_any_timestep_is_drawn() -> None:
    rng = random.Random(3)
    counts = Counter(stratified([0, 0, 8, None, 9], (1, 5), rng, 1, [1, 2, 3, 4])[0] for _ in range(200))
    assert counts.keys() == {1, 2, 3, 4}


@given(seed=st.integers())
def test_a_text_is_drawn_again_only_when_every_other_was_drawn(seed: int) -> None:
    distances, texts = [0, 1, 1, 1, 2, 2, 7], ["c", "a", "a", "a", "b", "b", "z"]
    found = stratified(distances, (1, 5), random.Random(seed), 6, range(1, 7), texts)
    assert {texts[t] for t in found[:2]} == {"a", "b"}
    assert texts[found[2]] == "z"
    assert sorted(found) == [1, 2, 3, 4, 5, 6]


@given(seed=st.integers(), draws=st.integers(0, 5))
def test_uniform_draws_are_a_sample_without_repetition(seed: int, draws: int) -> None:
    found = uniform(random.Random(seed), draws, [3, 5, 7, 9, 11])
    assert len(found) == len(set(found)) == draws
    assert set(found) <= {3, 5, 7, 9, 11}


TRAJECTORY = ["=SUM(A1:A9)", "=SUM(A1:A9)", "=SUM(A1:A8)", "=SUM(B1:A9", "=SUM((A1:A9", None, "=,,,+(((B2", "=MAX(A2)"]


def chosen(**options: object) -> set[tuple[int, str | None]]:
    settings, allowed = DiffusionOptions(**options), range(1, len(TRAJECTORY))  # type: ignore[arg-type]
    excel = get_language("excel")
    return {select(excel, settings, TRAJECTORY, allowed, random.Random(seed))[0] for seed in range(60)}


def test_uniform_takes_any_timestep_with_its_text() -> None:
    assert chosen() == set(enumerate(TRAJECTORY[1:], 1))


def test_stratified_takes_refused_texts_within_the_strata() -> None:
    assert chosen(selection="stratified") == {(3, TRAJECTORY[3]), (4, TRAJECTORY[4])}


def test_stratified_takes_what_it_gets_where_there_is_no_end_to_compare_with() -> None:
    settings, texts = DiffusionOptions(selection="stratified"), [None, "=SUM(A1", "=SUM(A1:A9)"]
    found = {select(get_language("excel"), settings, texts, [1, 2], random.Random(seed))[0] for seed in range(40)}
    assert found == {(1, "=SUM(A1"), (2, "=SUM(A1:A9)")}


def test_timesteps_are_drawn_by_their_weight() -> None:
    rng, draws = random.Random(4), 6_000
    weights = [0.5, 0.0, 1.0, 2.0, 2.5, 0.0]
    counts = Counter(uniform(rng, 1, [3, 5, 7, 9, 11, 13], weights)[0] for _ in range(draws))
    assert counts.keys() == {3, 7, 9, 11}
    expected = {t: draws * weight / 6 for t, weight in zip((3, 5, 7, 9, 11, 13), weights, strict=True) if weight}
    assert sum((counts[t] - n) ** 2 / n for t, n in expected.items()) < CHI_SQUARE_4


def test_the_second_draw_is_by_the_weights_that_are_left() -> None:
    """Of weights 1, 1 and 2, the heavy one comes first in half of the draws, and not at all in a sixth."""
    rng, draws = random.Random(5), 6_000
    found = [tuple(uniform(rng, 2, [1, 2, 3], [1.0, 1.0, 2.0])) for _ in range(draws)]
    assert sum(pair[0] == 3 for pair in found) / draws == approx(1 / 2, abs=0.03)
    assert sum(3 not in pair for pair in found) / draws == approx(2 * 1 / 4 * 1 / 3, abs=0.02)


@given(seed=st.integers(), draws=st.integers(0, 5), weights=st.lists(st.floats(0, 3), min_size=5, max_size=5))
def test_weighted_draws_are_a_sample_without_repetition_that_takes_what_has_no_weight_last(
    seed: int, draws: int, weights: list[float]
) -> None:
    allowed = [3, 5, 7, 9, 11]
    found = uniform(random.Random(seed), draws, allowed, weights)
    assert len(found) == len(set(found)) == draws and set(found) <= set(allowed)
    heavy = [weights[allowed.index(t)] > 0 for t in found]
    assert heavy == sorted(heavy, reverse=True)
    assert uniform(random.Random(seed), draws, allowed, weights) == found


def test_uniform_selection_follows_the_weights() -> None:
    settings, allowed = DiffusionOptions(), range(1, len(TRAJECTORY))
    weights = [float(t in (2, 5)) for t in allowed]
    excel = get_language("excel")
    found = {select(excel, settings, TRAJECTORY, allowed, random.Random(seed), weights)[0] for seed in range(60)}
    assert found == {(2, TRAJECTORY[2]), (5, None)}
