"""A checkpoint knows each of its training snippets and no other text, and counts them as one would by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save_file

from generators.checkpoints import CheckpointError
from generators.diffusion.quality import shape
from generators.diffusion.training_set import (
    HASHES,
    SUMMARY,
    TrainingSet,
    counted_words,
    describe,
    load_training_set,
)
from validators import Language, get_language


def equal(first: TrainingSet, second: TrainingSet) -> bool:
    nothing = np.zeros(0, dtype=np.int64)
    return (
        np.array_equal(first.shapes, second.shapes)
        and np.array_equal(first.sketches, second.sketches)
        and replace(first, shapes=nothing, sketches=nothing) == replace(second, shapes=nothing, sketches=nothing)
    )


def test_shapes_and_sketches_of_the_training_set_are_known_and_no_others(excel: Language, formulas: list[str]) -> None:
    known = describe(excel, formulas)
    assert all(map(known.knows, formulas)) and all(map(known.knows_sketch, formulas))
    assert known.knows("=SUM($C2:XFD99)")  # the same shape as =SUM(A1:B7)
    assert not known.knows("=SUM(A1:A1)") and known.knows_sketch("=SUM(A1:A1)")  # there the two ends differ
    assert not known.knows("=SUM(A2:B7)+1") and not known.knows_sketch("=SUM(A2:B7)+1")
    assert known.snippets == 75 and len(known.sketches) == 15 < len(known.shapes) == len(
        {shape(excel, code) for code in formulas}
    )


TEXTS = st.lists(st.sampled_from(["x", "y", "1", "7", "'", "(", ")", " ", "\n", "if", "f"]), max_size=4).map("".join)


@pytest.mark.parametrize("name", ["python", "powershell", "excel"])
@given(snippets=st.lists(TEXTS, max_size=20), text=TEXTS)
def test_a_text_is_known_if_and_only_if_its_shape_is_in_the_set(name: str, snippets: list[str], text: str) -> None:
    language = get_language(name)
    known = describe(language, snippets)
    assert known.knows(text) == (shape(language, text) in {shape(language, code) for code in snippets})
    assert known.knows_sketch(text) == (language.sketch(text) in map(language.sketch, snippets))
    assert known.snippets == len(snippets) == sum(known.lengths.values())


def test_nothing_is_known_of_an_empty_set(excel: Language) -> None:
    known = describe(excel, [])
    assert not known.knows("") and not known.knows_sketch("=A1")


@pytest.mark.parametrize(
    ("language", "snippets", "lengths", "words", "counted"),
    [
        (
            "excel", ["=SUM(A1)", "=sum( A1 )", "=IF(A1,SUM(B1),1)", "=A1"],
            {2: 1, 5: 2, 12: 1}, {"SUM": 3, "IF": 1}, "functions",
        ),
        ("python", ["if x: pass", "x = f(y)", "if a: a = 1\n"], {4: 1, 6: 2}, {"if": 2, "pass": 1}, "keywords"),
        (
            "powershell", ["Get-Item a", "get-item b | foreach { $_ }", "if ($a) { ls }"],
            {2: 1, 7: 2}, {"get-item": 2, "foreach": 1, "if": 1, "ls": 1}, "keywords and commands",
        ),
    ],
)  # fmt: skip
def test_lengths_and_words_are_as_counted_by_hand(
    language: str, snippets: list[str], lengths: dict[int, int], words: dict[str, int], counted: str
) -> None:
    known = describe(get_language(language), snippets)
    assert (known.lengths, known.words, known.counted) == (lengths, words, counted)
    assert counted_words(get_language(language)) == counted
    assert list(known.words.values()) == sorted(known.words.values(), reverse=True)


def test_what_was_saved_is_loaded(excel: Language, formulas: list[str], tmp_path: Path) -> None:
    known = describe(excel, formulas)
    known.save(tmp_path / "model")
    loaded = load_training_set(tmp_path / "model", excel)
    assert loaded is not None and equal(loaded, known)
    assert {path.name for path in (tmp_path / "model").iterdir()} == {HASHES, SUMMARY}
    assert json.loads((tmp_path / "model" / SUMMARY).read_text())["snippets"] == 75


def test_a_checkpoint_of_an_older_version_knows_nothing(excel: Language, tmp_path: Path) -> None:
    assert load_training_set(tmp_path, excel) is None


DAMAGES: dict[str, Callable[[Path], object]] = {
    "truncated": lambda folder: (folder / HASHES).write_bytes((folder / HASHES).read_bytes()[:-5]),
    "no hashes": lambda folder: (folder / HASHES).unlink(),
    "no summary": lambda folder: (folder / SUMMARY).unlink(),
    "no JSON": lambda folder: (folder / SUMMARY).write_text("{"),
    "another field": lambda folder: (folder / SUMMARY).write_text('{"snippets": 1}'),
    "another table": lambda folder: save_file(
        {name: np.arange(3, dtype=np.int64) for name in ("texts", "sketches")}, folder / HASHES
    ),  # as an older version wrote it
    "not sorted": lambda folder: save_file(
        {name: np.array([2, 1], dtype=np.int64) for name in ("shapes", "sketches")}, folder / HASHES
    ),
    "other numbers": lambda folder: save_file(
        {name: np.array([1.0, 2.0]) for name in ("shapes", "sketches")}, folder / HASHES
    ),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_is_one_line_with_the_way_out(
    excel: Language, formulas: list[str], tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    describe(excel, formulas).save(tmp_path)
    damage(tmp_path)
    with pytest.raises(CheckpointError) as caught:
        load_training_set(tmp_path, excel)
    text = str(caught.value)
    assert str(tmp_path) in text and "is damaged" in text and "or delete both" in text
    assert "\n" not in text and len(text) < 600
