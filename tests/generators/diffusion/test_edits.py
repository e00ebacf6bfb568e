"""Weights of edits: read, drawn as they say, refused in one line where they are damaged."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generators.diffusion.edits import KINDS, EditWeights, literals_of, load_edits, parse_kind, save_edits, token_class
from schemas.errors import RequestError

TOKENS = ("=", "SUM", "(", "<R0>", ":", "<R1>", ")")


def test_even_weights_draw_every_kind_alike() -> None:
    weights, rng = load_edits("excel", "even"), random.Random(1)
    counts = Counter(weights.draw_kind(rng) for _ in range(9_000))
    assert set(counts) == {parse_kind(kind) for kind in KINDS}
    assert max(counts.values()) < 1.2 * min(counts.values())


def test_a_kind_without_weight_is_never_drawn() -> None:
    weights, rng = EditWeights(kinds={"1>0": 1.0, "0>1": 0.0}), random.Random(2)
    assert {weights.draw_kind(rng) for _ in range(200)} == {(1, 0)}


def test_places_are_weighted_by_the_token_that_goes_or_the_one_before_the_gap() -> None:
    weights = EditWeights(kinds={"1>0": 1}, removed={")": 0.0, "word": 0.0}, behind={"<R>": 50.0})
    rng = random.Random(3)
    taken = Counter(weights.draw_place(TOKENS, 1, 1, rng) for _ in range(3_000))
    assert set(taken) == {2, 3, 4, 5}  # neither the leading =, nor SUM, nor the closing bracket
    opened = Counter(weights.draw_place(TOKENS, 1, 0, rng) for _ in range(3_000))
    assert opened[4] + opened[6] > 0.9 * opened.total() and set(opened) == set(range(1, 8))


def test_there_is_no_place_where_nothing_has_weight_or_too_few_tokens_stand() -> None:
    weights, rng = EditWeights(kinds={"1>0": 1}, removed={"=": 0.0}), random.Random(4)
    assert weights.draw_place(("=",), 0, 1, rng) is None
    assert weights.draw_place(("=",), 1, 1, rng) is None


@given(st.lists(st.sampled_from(TOKENS), min_size=1), st.integers(0, 3), st.integers(0, 2), st.integers())
def test_a_place_leaves_room_for_what_goes(tokens: list[str], first: int, removed: int, seed: int) -> None:
    place = load_edits("excel", "even").draw_place(tokens, first, removed, random.Random(seed))
    assert place is None or first <= place <= len(tokens) - removed


def test_token_classes_tell_slots_words_lines_and_signs_apart() -> None:
    assert [token_class(t) for t in ("<R12>", "SUM", "self", "_x", "0", "\n    ", "    ", "(", '"', 'f"')] == [
        "<R>", "word", "word", "word", "word", "line", "line", "(", '"', '"',
    ]  # fmt: skip


def test_saved_weights_are_read_back_and_their_hash_knows_nothing_of_where_they_come_from(tmp_path: Path) -> None:
    weights = EditWeights(kinds={"1>0": 0.5, "0>1": 0.5}, removed={")": 2.0})
    save_edits(weights, tmp_path / "w.json")
    assert load_edits("excel", str(tmp_path / "w.json")) == weights
    assert weights.hash == weights.model_copy(update={"provenance": None}).hash
    assert weights.hash != weights.model_copy(update={"removed": {")": 3.0}}).hash


@pytest.mark.parametrize("content", ["", "{}", '{"kinds": {"1>0": -1}}', '{"kinds": {}, "more": 1}'])
def test_damaged_weights_are_refused_in_one_line_that_names_the_file(tmp_path: Path, content: str) -> None:
    file = tmp_path / "w.json"
    file.write_text(content)
    with pytest.raises(RequestError) as caught:
        load_edits("excel", str(file))
    assert str(file) in str(caught.value) and "\n" not in str(caught.value)


def test_missing_weights_are_refused_with_the_way_out() -> None:
    with pytest.raises(RequestError, match="give even, fitted or a file of weights"):
        load_edits("excel", "no/such/file.json")


def test_literals_are_collected_by_kind_each_once() -> None:
    bank = literals_of([{"<R0>": "B2", "<S0>": "x", "\n    ": "\n  "}, {"<R0>": "A1", "<R1>": "B2"}])
    assert bank == {"R": ["A1", "B2"], "S": ["x"]}
