"""A closed vocabulary: whatever a snippet holds is encoded, and comes back."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generators.bifi.vocabulary import EOS, PAD, SLOTS, Vocabulary, kind_of
from generators.bifi.words import INDENT, NEWLINE, STRING

WORDS = (
    "def", "self", "print", "(", ")", "zebra", "gnu", "4711", ".5", "$okapi", "-Tapir", "é", "¿", STRING, NEWLINE,
    INDENT,
)  # fmt: skip
snippets = st.lists(st.sampled_from(WORDS), max_size=30)


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary.build([["def", "self", "print"], ["def", "once"]], 122)


@given(words=snippets, seed=st.none() | st.integers(0, 99))
def test_every_snippet_comes_back(vocabulary: Vocabulary, words: list[str], seed: int | None) -> None:
    encoded = vocabulary.encode(words, None if seed is None else random.Random(seed))
    assert encoded is not None
    ids, slots = encoded
    assert max(ids, default=0) < len(vocabulary)
    assert vocabulary.decode([*ids, EOS, PAD, 7], slots) == words


def test_the_most_frequent_words_and_the_signs_have_ids_of_their_own(vocabulary: Vocabulary) -> None:
    assert len(vocabulary) == 122
    assert vocabulary.words[-2:] == ("def", "once")  # print and self are as frequent, and later in the alphabet
    assert "(" in vocabulary.words
    assert "print" not in vocabulary.words


def test_one_word_has_one_slot_and_another_word_another(vocabulary: Vocabulary) -> None:
    encoded = vocabulary.encode(["gnu", "zebra", "gnu"])
    assert encoded is not None
    (a, b, c), slots = encoded
    assert a == c != b
    assert slots == {"gnu": a, "zebra": b}


def test_all_slots_of_a_kind_are_drawn(vocabulary: Vocabulary) -> None:
    drawn = set[int]()
    for seed in range(600):
        encoded = vocabulary.encode(["gnu"], random.Random(seed))
        assert encoded is not None
        drawn.update(encoded[0])
    assert len(drawn) == SLOTS["name"]


def test_a_snippet_with_more_new_words_than_slots_cannot_be_encoded(vocabulary: Vocabulary) -> None:
    names = [f"name{i}" for i in range(SLOTS["name"] + 1)]
    assert vocabulary.encode(names[:-1]) is not None
    assert vocabulary.encode(names) is None
    assert vocabulary.encode_pair(names, names) is None


def test_a_target_may_hold_only_what_its_source_or_the_vocabulary_has(vocabulary: Vocabulary) -> None:
    assert vocabulary.encode_pair(["gnu", "("], ["gnu", "(", ")"]) is not None
    assert vocabulary.encode_pair(["gnu", "("], ["zebra", "("]) is None


def test_a_slot_that_stands_for_nothing_makes_no_words(vocabulary: Vocabulary) -> None:
    encoded = vocabulary.encode(["gnu"])
    assert encoded is not None
    assert vocabulary.decode(encoded[0], {}) is None


def test_a_saved_vocabulary_is_the_same(vocabulary: Vocabulary, tmp_path: Path) -> None:
    vocabulary.save(tmp_path / "v.json")
    loaded = Vocabulary.load(tmp_path / "v.json")
    assert loaded.words == vocabulary.words
    assert loaded.encode(WORDS) == vocabulary.encode(WORDS)


@pytest.mark.parametrize("text", ["{}", "[1]", '[""]', "nothing", ""])
def test_a_file_that_is_no_list_of_words_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "v.json").write_text(text)
    with pytest.raises(ValueError):
        Vocabulary.load(tmp_path / "v.json")


@pytest.mark.parametrize(
    ("word", "kind"),
    [("$x", "variable"), ("@splat", "variable"), ("-Path", "parameter"), ("--force", "parameter"), ("1e5", "number"),
     (".5", "number"), ("name", "name"), ("_", "other"), ("C:\\a", "name"), ("é", "name"), ("¿", "other"),
     ("$", "other"), ("-", "other")],
)  # fmt: skip
def test_kinds(word: str, kind: str) -> None:
    assert kind_of(word) == kind
