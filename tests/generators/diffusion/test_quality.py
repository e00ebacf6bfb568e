"""What samples are worth, counted by hand."""

from __future__ import annotations

import math
from collections import Counter

import pytest
import torch

from generators.diffusion.checkpoint import Checkpoint
from generators.diffusion.data import Dataset
from generators.diffusion.quality import (
    TILE,
    SampleJudge,
    draw_texts,
    draw_trajectories,
    sample_quality,
    shape,
    validation_loss,
)
from generators.diffusion.training_set import describe
from validators import Language, get_language


def nothing(text: str) -> bool:
    """An empty training set."""
    return False


@pytest.mark.parametrize(
    ("language", "left", "right", "alike"),
    [
        ("excel", "=SUM(A1:B2)*7", "= sum($C$3:D4) * 99.5", True),
        ("excel", "=A1+B1", "=A1+A1", False),  # which slots are equal is of the shape
        ("excel", "=A1+2", "=A1+1", False),  # and so is a number that is no slot
        ("excel", '=A1&"a"', '=A1&""', False),
        ("excel", "=SUM(A1)", "=MAX(A1)", False),
        ("excel", "=SUM(A1", "=SUM(B2", True),  # what is broken has a shape too
        ("python", "x = f(y)", "a  =  f( b )  # why", True),
        ("python", "x.append(1)", "y.find_rows(1)", True),  # names of attributes and functions are a slot's
        ("python", "len(x)", "str(x)", False),  # but those that are built in
        ("python", "if x:\n  y", "if a:\n\tb", True),
        ("powershell", "$a + 7", "$b  +  8  # why", True),
        ("powershell", "$a + 1", "$a + 2", False),
        ("powershell", "$a + 1", "$a - 1", False),
        ("powershell", "Get-Item -Path $a", "Set-Report -Size $a", True),  # commands and parameters are a slot's
        ("powershell", "[int]$a.b", "[string]$a.c", True),  # and so are types and members
        ("powershell", "if ($a) { b }", "while ($a) { b }", False),
        ("powershell", "$a -eq $true", "$a -eq $false", False),
    ],
)  # fmt: skip
def test_snippets_of_one_shape_are_one(language: str, left: str, right: str, alike: bool) -> None:
    assert (shape(get_language(language), left) == shape(get_language(language), right)) is alike


def test_shares_are_of_all_samples(excel: Language) -> None:
    texts = [
        "=SUM(C1:C9)",  # in the training set, as =SUM(A1:B9)
        "=MAX(B1,2)", "=MAX( D7 ,2)",  # good, but twice
        "=A1",  # accepted, trivial
        "=SUM(A1", "",  # not accepted
        "=C3/D4", "=IF(A1>2,1,0)",  # good
    ]  # fmt: skip
    assert sample_quality(excel, texts, describe(excel, ["=SUM(A1:B9)"]).knows) == {
        "samples": 8,
        "accepted": 6 / 8,
        "distinct": 7 / 8,
        "novel": 5 / 6,
        "accepted_novel_distinct_nontrivial": 3 / 8,
    }


@pytest.mark.parametrize(
    ("language", "text", "counts"),
    [
        ("excel", "=A1", False),
        ("excel", "=-A1", False),
        ("excel", "=A1:B2", False),
        ("excel", "=A1+2", True),
        ("excel", "=PI()", True),
        ("python", "x = 1", False),
        ("python", "x[y]", False),
        ("python", "x = -1", True),
        ("python", "pass", False),
        ("python", "if x: pass", True),
    ],
)
def test_non_trivial_is_four_tokens_that_do_something(language: str, text: str, counts: bool) -> None:
    quality = sample_quality(get_language(language), [text], nothing)
    assert quality["accepted"] == 1
    assert quality["accepted_novel_distinct_nontrivial"] == counts


def test_a_sample_is_good_the_first_time_only(excel: Language) -> None:
    judge = SampleJudge(excel, {"=MAX(B1,2)"}.__contains__)
    samples = [judge(text) for text in ("=SUM(A1,2)", "=SUM(B7,2)", "=MAX(B1,2)", "=A1", "=(", "= (")]
    assert [sample.good for sample in samples] == [True, False, False, False, False, False]
    assert [sample.first for sample in samples] == [True, False, True, True, True, False]
    assert [sample.novel for sample in samples] == [True, True, False, True, False, False]
    assert [sample.non_trivial for sample in samples] == [True, True, True, False, False, False]


def test_nothing_accepted_is_nothing_novel(excel: Language) -> None:
    quality = sample_quality(excel, ["=(", ""], nothing)
    assert quality["accepted"] == quality["novel"] == quality["accepted_novel_distinct_nontrivial"] == 0


def test_samples_are_as_many_as_asked_for_and_follow_from_the_seed(checkpoint: Checkpoint) -> None:
    texts = draw_texts(checkpoint, TILE + 3, seed=1)
    assert len(texts) == TILE + 3
    assert draw_texts(checkpoint, TILE + 3, seed=1) == texts
    assert draw_texts(checkpoint, TILE + 3, seed=2) != texts


def test_every_frame_has_its_share_of_the_samples(checkpoint: Checkpoint) -> None:
    config = checkpoint.config.model_copy(update={"frame_counts": [1, 0, 3]})
    shapes: list[torch.Size] = []
    handle = checkpoint.model.head.register_forward_hook(lambda module, inputs, output: shapes.append(output.shape))
    draw_texts(Checkpoint(config=config, model=checkpoint.model, tokenizer=checkpoint.tokenizer), 48, seed=1)
    handle.remove()
    rows = Counter[int]()
    for size, length, _ in shapes:
        rows[length] += size
    calls = config.sampling.steps + 1
    assert rows == {8: 12 * calls, 16: 36 * calls}


def test_the_sampler_can_be_another(checkpoint: Checkpoint) -> None:
    other = checkpoint.config.sampling.model_copy(update={"feedback": "denoiser", "steps": 3})
    assert draw_texts(checkpoint, 8, seed=1, sampling=other) != draw_texts(checkpoint, 8, seed=1)


def test_validation_loss_is_a_figure_of_the_snippets_not_of_their_order(
    checkpoint: Checkpoint, dataset: Dataset
) -> None:
    snippets = sorted(dataset.train, key=len)[::3]
    assert len({len(ids) for ids in snippets}) > 3
    value = validation_loss(checkpoint, snippets, seed=0)
    assert 0 < value < 100
    assert validation_loss(checkpoint, snippets, seed=0) == value
    assert validation_loss(checkpoint, snippets, seed=1) != value
    turned = sorted(snippets, key=lambda ids: -len(ids))
    assert validation_loss(checkpoint, turned, seed=0) == value
    assert validation_loss(checkpoint, snippets[:4], seed=0) != value
    assert math.isnan(validation_loss(checkpoint, [], seed=0))


def test_trajectories_come_in_tiles_with_the_seeds_that_fill_their_slots(checkpoint: Checkpoint) -> None:
    texts, seen = draw_texts(checkpoint, TILE + 3, seed=1), list[int]()
    found = []
    for seeds, steps in draw_trajectories(checkpoint, TILE + 3, seed=1):
        *_, last = steps
        assert last.tokens_BL is not None and len(seeds) == len(last.tokens_BL) <= TILE
        rows = zip(last.tokens_BL.tolist(), seeds, strict=True)
        found += [checkpoint.tokenizer.decode(ids, row_seed) or "" for ids, row_seed in rows]
        seen += seeds
    assert found == texts
    assert len(set(seen)) == TILE + 3
