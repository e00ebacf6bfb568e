"""From snippets to batches: nothing lost, nothing twice, nothing by chance."""

from __future__ import annotations

from collections import Counter

import pytest
import torch

from generators.diffusion.config import EOS, PAD, UNKNOWN, Preset
from generators.diffusion.data import Batches, CorpusError, Dataset, Rows, frame_counts, pad, prepare
from generators.diffusion.text.lexemes import SnippetTokenizer
from generators.diffusion.text.vocabulary import StructureVocabulary
from tests.generators.diffusion.trainers import changed
from validators import Language, get_language


@pytest.fixture(scope="module")
def plain(preset: Preset) -> Preset:
    """All literals in full, every word known, nothing held out."""
    return changed(preset, literals="full", min_count=1, validation_share=0.0)


@pytest.fixture(scope="module")
def slots(preset: Preset) -> Preset:
    """Numbered slots, every word known, nothing held out."""
    return changed(preset, min_count=1, validation_share=0.0)


def rows_of(batches: list[torch.Tensor]) -> Rows:
    """The rows of batches, their ends cut off."""
    return [ids[: ids.index(EOS)] for batch in batches for ids in batch.tolist()]


def counted(rows: Rows) -> Counter[tuple[int, ...]]:
    return Counter(map(tuple, rows))


def test_rows_are_padded_behind_one_end_of_sequence() -> None:
    assert pad([[7, 8, 9], [], [5]], 4).tolist() == [[7, 8, 9, EOS], [EOS, PAD, PAD, PAD], [5, EOS, PAD, PAD]]


def test_batches_of_an_epoch_are_the_same_on_every_call_and_differ_between_epochs(
    dataset: Dataset, preset: Preset
) -> None:
    one, other = Batches(dataset, preset), Batches(dataset, preset)
    for epoch in (0, 3):
        left, again, right = one.epoch(epoch), one.epoch(epoch), other.epoch(epoch)
        assert len(left) == len(again) == len(right)
        assert all(torch.equal(a, b) and torch.equal(a, c) for a, b, c in zip(left, again, right, strict=True))
    assert rows_of(one.epoch(0)) != rows_of(one.epoch(3))
    assert rows_of(Batches(dataset, changed(preset, seed=1)).epoch(0)) != rows_of(one.epoch(0))


@pytest.mark.parametrize("batch_tokens", [16, 64, 256, 100_000])
def test_every_snippet_appears_once_an_epoch_but_for_small_remainders(
    dataset: Dataset, preset: Preset, batch_tokens: int
) -> None:
    batches = Batches(dataset, changed(preset, batch_tokens=batch_tokens)).epoch(2)
    assert counted(rows_of(batches)) <= counted(dataset.train)
    for frame, count in zip(preset.model.frames, frame_counts(dataset, preset), strict=True):
        size = max(4, batch_tokens // frame)
        rest = count % size
        dropped = rest if rest < size // 4 and count > size else 0
        assert sum(len(batch) for batch in batches if batch.shape[1] == frame) == count - dropped
        assert all(len(batch) <= size for batch in batches if batch.shape[1] == frame)


def test_rows_of_an_epoch_are_shuffled_across_and_within_batches(dataset: Dataset, preset: Preset) -> None:
    frames = [[batch.shape[1] for batch in Batches(dataset, changed(preset, batch_tokens=16)).epoch(e)] for e in (0, 1)]
    assert sorted(frames[0]) == sorted(frames[1]) != frames[0] != frames[1]
    firsts = {tuple(rows_of(Batches(dataset, preset).epoch(epoch))[0]) for epoch in range(20)}
    assert len(firsts) > 3


def test_every_batch_has_the_shortest_frame_that_holds_its_rows(dataset: Dataset, preset: Preset) -> None:
    for batch in Batches(dataset, preset).epoch(0):
        for ids in batch.tolist():
            assert UNKNOWN not in ids
            assert ids.count(EOS) == 1
            end = ids.index(EOS)
            assert set(ids[end + 1 :]) <= {PAD}
            assert preset.model.frame(end) == batch.shape[1]


@pytest.mark.parametrize("literals", ["slots", "full"])
def test_no_structure_or_sketch_is_in_both_parts(
    excel: Language, formulas: list[str], preset: Preset, literals: str
) -> None:
    dataset = prepare(excel, formulas, changed(preset, literals=literals, min_count=1, validation_share=0.3))
    train, validation = (
        {excel.sketch(code) for code in dataset.texts(part)} if literals == "full" else {str(ids) for ids in part}
        for part in (dataset.train, dataset.validation)
    )
    assert train and validation
    assert not train & validation


@pytest.mark.parametrize("literals", ["slots", "full"])
def test_preparing_does_not_depend_on_the_order_of_the_corpus_for_its_split(
    excel: Language, formulas: list[str], preset: Preset, literals: str
) -> None:
    settings = changed(preset, literals=literals, min_count=1)
    dataset, turned = prepare(excel, formulas, settings), prepare(excel, formulas[::-1], settings)
    assert counted(turned.validation) == counted(dataset.validation)
    assert counted(turned.train) == counted(dataset.train)
    assert prepare(excel, formulas, settings).train == dataset.train
    other = prepare(excel, formulas, changed(settings, seed=1))
    assert other.train != dataset.train and counted(other.validation) == counted(dataset.validation)


def test_only_accepted_ascii_snippets_that_fit_are_kept_in_full(
    excel: Language, formulas: list[str], plain: Preset
) -> None:
    long, broken, foreign, twice = "=" + "+".join(["A1"] * 20), "=SUM(A1", '="é"', formulas[0]
    dataset = prepare(excel, [*formulas, long, broken, foreign, twice], plain)
    assert isinstance(dataset.tokenizer, SnippetTokenizer)
    assert sorted(dataset.texts(dataset.train)) == sorted(
        code
        for code in formulas
        if '"Yes"' not in code  # these take 16 tokens
    )
    assert dataset.validation == []


def test_only_accepted_snippets_that_fit_are_kept_as_structure(
    excel: Language, formulas: list[str], slots: Preset
) -> None:
    foreign, twice = '="é"&Größe', formulas[0]
    extra = ["=" + "+".join(["A1"] * 20), "=SUM(A1", twice]
    dataset = prepare(excel, [*formulas, *extra, foreign], slots)
    vocabulary = dataset.tokenizer
    assert isinstance(vocabulary, StructureVocabulary)
    assert counted(dataset.train) == counted([vocabulary.encode(code) for code in [*formulas, foreign]])
    assert max(map(len, dataset.train)) == 15 < len(vocabulary.encode(extra[0]))
    assert dataset.validation == []


def test_rare_words_become_slots_and_rare_slots_take_their_snippets_away(excel: Language, preset: Preset) -> None:
    common = [f"=SUM(A{row},{row})" for row in range(3, 40)]
    rare = ["=MAX(A1)", "=MIN(A1)", "=ABS(A1)", "=SUM(A1,B2,C3,D4)"]
    dataset = prepare(excel, [*common, *rare], changed(preset, min_count=3, validation_share=0.0))
    assert isinstance(dataset.tokenizer, StructureVocabulary)
    assert dataset.tokenizer.words == {"=", "SUM", "(", ",", ")", "<R0>", "<N0>", "<F0>"}  # three are one slot
    functions = [ids for ids in dataset.train if len(ids) == 5]
    assert [dataset.tokenizer.tokens(ids) for ids in functions] == [["=", "<F0>", "(", "<R0>", ")"]] * 3
    assert len(dataset.train) == len(common) + 3


def test_a_program_of_nothing_but_a_comment_is_no_row(preset: Preset) -> None:
    snippets = [f"x{i} = {i}" for i in range(3, 40)]
    settings = changed(preset, min_count=1, validation_share=0.0)
    dataset = prepare(get_language("python"), [*snippets, "# nothing"], settings)
    assert len(dataset.train) == len(snippets) and all(dataset.train)


@pytest.mark.parametrize("literals", ["slots", "full"])
def test_at_most_so_many_snippets_of_a_structure_or_sketch_are_kept(
    excel: Language, formulas: list[str], preset: Preset, literals: str
) -> None:
    settings = changed(preset, literals=literals, min_count=1, validation_share=0.0, sketch_cap=3)
    dataset = prepare(excel, formulas, settings)
    counts: Counter[str] | Counter[tuple[int, ...]]
    if literals == "slots":
        counts = counted(dataset.train)
    else:
        counts = Counter(excel.sketch(code) for code in dataset.texts(dataset.train))
    assert max(counts.values()) == 3
    whole = prepare(excel, formulas, changed(settings, sketch_cap=0))
    if literals == "slots":
        assert counts == {ids: min(3, n) for ids, n in counted(whole.train).items()}
    else:
        assert set(counts.values()) == {3} and len(whole.train) > len(dataset.train)


def test_too_small_a_corpus_is_refused_with_its_figures(excel: Language, plain: Preset) -> None:
    snippets = [f"=A{row}*2" for row in range(1, 33)]
    assert len(prepare(excel, snippets, plain).train) == 32
    with pytest.raises(CorpusError, match=r"^only 31 snippets are accepted and fit 16 tokens, of 32 given; .*: give"):
        prepare(excel, [*snippets[:31], "=broken("], plain)


def test_frames_are_counted_as_they_are_trained(dataset: Dataset, preset: Preset) -> None:
    counts = frame_counts(dataset, preset)
    assert sum(counts) == len(dataset.train)
    assert all(counts)
    batches = Batches(dataset, changed(preset, batch_tokens=16)).epoch(0)
    assert Counter({f: n for f, n in zip(preset.model.frames, counts, strict=True)}) == sum(
        (Counter({batch.shape[1]: len(batch)}) for batch in batches), Counter[int]()
    )


def test_rows_as_code_are_correct_and_have_the_rows_structure(excel: Language, dataset: Dataset) -> None:
    texts = dataset.texts(dataset.train)
    assert all(excel.check(code).accepted for code in texts)
    assert [dataset.tokenizer.encode(code) for code in texts] == dataset.train
    assert len(set(texts)) > len(counted(dataset.train))  # rows of one structure differ in what fills it
    assert dataset.texts(dataset.train) == texts
