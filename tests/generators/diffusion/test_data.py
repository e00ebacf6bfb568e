"""From snippets to batches: nothing lost, nothing twice, nothing by chance."""

from __future__ import annotations

from collections import Counter

import pytest
import torch

from generators.diffusion.config import EOS, PAD, UNKNOWN, Preset
from generators.diffusion.data import Batches, CorpusError, Dataset, frame_counts, pad, prepare
from generators.diffusion.literals import shift_rows
from validators import Language


def with_training(preset: Preset, **changes: object) -> Preset:
    return preset.model_copy(update={"training": preset.training.model_copy(update=changes)})


def texts(dataset: Dataset, batches: list[torch.Tensor]) -> list[str]:
    decoded = [dataset.tokenizer.decode(ids) for batch in batches for ids in batch.tolist()]
    assert None not in decoded
    return [text for text in decoded if text is not None]


def test_rows_are_padded_behind_one_end_of_sequence() -> None:
    assert pad([[7, 8, 9], [], [5]], 4).tolist() == [[7, 8, 9, EOS], [EOS, PAD, PAD, PAD], [5, EOS, PAD, PAD]]


def test_batches_of_an_epoch_are_the_same_on_every_call_and_differ_between_epochs(
    excel: Language, dataset: Dataset, preset: Preset
) -> None:
    one, other = Batches(excel, dataset, preset), Batches(excel, dataset, preset)
    for epoch in (0, 3):
        left, again, right = one.epoch(epoch), one.epoch(epoch), other.epoch(epoch)
        assert len(left) == len(again) == len(right)
        assert all(torch.equal(a, b) and torch.equal(a, c) for a, b, c in zip(left, again, right, strict=True))
    assert Counter(texts(dataset, one.epoch(0))) != Counter(texts(dataset, one.epoch(3)))  # shifted anew
    reseeded = Batches(excel, dataset, with_training(preset, seed=1))
    assert texts(dataset, reseeded.epoch(0)) != texts(dataset, one.epoch(0))


@pytest.mark.parametrize("batch_tokens", [16, 64, 256, 100_000])
def test_every_snippet_appears_once_an_epoch_but_for_small_remainders(
    excel: Language, dataset: Dataset, preset: Preset, batch_tokens: int
) -> None:
    batches = Batches(excel, dataset, with_training(preset, shift_rate=0.0, batch_tokens=batch_tokens)).epoch(2)
    seen = texts(dataset, batches)
    assert len(seen) == len(set(seen))
    assert set(seen) <= set(dataset.train)
    for frame, count in zip(preset.model.frames, frame_counts(dataset, preset), strict=True):
        size = max(4, batch_tokens // frame)
        rest = count % size
        dropped = rest if rest < size // 4 and count > size else 0
        assert sum(len(batch) for batch in batches if batch.shape[1] == frame) == count - dropped
        assert all(len(batch) <= size for batch in batches if batch.shape[1] == frame)


def test_every_batch_has_the_shortest_frame_that_holds_its_rows(
    excel: Language, dataset: Dataset, preset: Preset
) -> None:
    for batch in Batches(excel, dataset, preset).epoch(0):
        for ids in batch.tolist():
            assert UNKNOWN not in ids
            assert ids.count(EOS) == 1
            end = ids.index(EOS)
            assert set(ids[end + 1 :]) <= {PAD}
            assert preset.model.frame(end) == batch.shape[1]


def test_shifted_formulas_are_formulas_of_the_corpus_with_other_rows(
    excel: Language, dataset: Dataset, preset: Preset
) -> None:
    seen = texts(dataset, Batches(excel, dataset, with_training(preset, shift_rate=1.0, batch_tokens=16)).epoch(1))
    originals = {shift_rows(excel, code, 0.0) for code in dataset.train}  # all at the top
    assert {shift_rows(excel, code, 0.0) for code in seen} <= originals
    assert set(seen) != set(dataset.train)
    assert all(excel.check(code).accepted for code in seen)


def test_no_sketch_is_in_both_parts(excel: Language, dataset: Dataset) -> None:
    train, validation = ({excel.sketch(code) for code in part} for part in (dataset.train, dataset.validation))
    assert train and validation
    assert not train & validation


def test_preparing_does_not_depend_on_the_order_of_the_corpus_for_its_split(
    excel: Language, formulas: list[str], dataset: Dataset, preset: Preset
) -> None:
    turned = prepare(excel, formulas[::-1], preset)
    assert {excel.sketch(code) for code in turned.validation} == {excel.sketch(code) for code in dataset.validation}
    assert prepare(excel, formulas, preset).train == dataset.train


def test_only_accepted_ascii_snippets_that_fit_are_kept(excel: Language, formulas: list[str], preset: Preset) -> None:
    plain = with_training(preset, delexicalise=False, min_count=1, validation_share=0.0)
    long, broken, foreign, twice = "=" + "+".join(["A1"] * 20), "=SUM(A1", '="é"', formulas[0]
    dataset = prepare(excel, [*formulas, long, broken, foreign, twice], plain)
    assert sorted(dataset.train) == sorted(code for code in formulas if '"Yes"' not in code)  # these take 16 tokens
    assert dataset.validation == []


def test_at_most_so_many_snippets_of_a_sketch_are_kept(excel: Language, formulas: list[str], preset: Preset) -> None:
    plain = with_training(preset, delexicalise=False, min_count=1, validation_share=0.0, sketch_cap=3)
    counts = Counter(excel.sketch(code) for code in prepare(excel, formulas, plain).train)
    assert set(counts.values()) == {3}


def test_too_small_a_corpus_is_refused_with_its_figures(excel: Language, preset: Preset) -> None:
    plain = with_training(preset, delexicalise=False, min_count=1, validation_share=0.0)
    snippets = [f"=A{row}*2" for row in range(1, 33)]
    assert len(prepare(excel, snippets, plain).train) == 32
    with pytest.raises(CorpusError, match=r"^only 31 snippets are accepted and fit 16 tokens, of 32 given; .*: give"):
        prepare(excel, [*snippets[:31], "=broken("], plain)


def test_frames_are_counted_as_they_are_trained(excel: Language, dataset: Dataset, preset: Preset) -> None:
    counts = frame_counts(dataset, preset)
    assert sum(counts) == len(dataset.train)
    assert all(counts)
    batches = Batches(excel, dataset, with_training(preset, shift_rate=0.0, batch_tokens=16)).epoch(0)
    assert Counter({f: n for f, n in zip(preset.model.frames, counts, strict=True)}) == sum(
        (Counter({batch.shape[1]: len(batch)}) for batch in batches), Counter[int]()
    )
