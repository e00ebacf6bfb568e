"""A rewriter gives different texts, the likeliest first, that keep what they do not edit."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from generators.bifi.critic import is_breakage
from generators.bifi.rewriter import Rewriter
from validators import Language


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_the_likeliest_output_is_what_was_learned(breaker: Rewriter, breaker_pairs: list[tuple[str, str]]) -> None:
    outputs = list(breaker.rewrite([good for good, _ in breaker_pairs], 3))
    right = sum(texts[:1] == [broken] for texts, (_, broken) in zip(outputs, breaker_pairs, strict=True))
    assert right > 0.8 * len(breaker_pairs)


def test_names_and_strings_that_were_never_seen_come_back(breaker: Rewriter, python: Language) -> None:
    codes = ["zebra(quagga)", "okapi('gnu  gnu')", "tapir(4711)"]
    for code, texts in zip(codes, breaker.rewrite(codes, 5), strict=True):
        assert code[:-1] in texts
        assert is_breakage(python, code[:-1], code)


def test_outputs_are_different_and_at_most_as_many_as_asked_for(breaker: Rewriter, good: list[str]) -> None:
    for texts in breaker.rewrite(good, 4):
        assert 1 <= len(texts) <= 4
        assert len(set(texts)) == len(texts)


def test_one_output_is_the_first_word_of_a_search(breaker: Rewriter, good: list[str]) -> None:
    assert all(len(texts) == 1 for texts in breaker.rewrite(good, 1))


def test_the_same_call_gives_the_same_texts(breaker: Rewriter, good: list[str]) -> None:
    assert list(breaker.rewrite(good, 3)) == list(breaker.rewrite(good, 3))


def test_outputs_come_in_the_order_of_the_codes_whatever_their_lengths(breaker: Rewriter) -> None:
    codes = ["f(a, 'text', 3)", "f()", "f(a, b)", "f(1)"]
    for code, texts in zip(codes, breaker.rewrite(codes, 3), strict=True):
        assert code[:-1] in texts


@pytest.mark.parametrize("code", ["", "\n \n", "f(" + "a, " * 20 + "b)", "x" * 30_000, "\n".join("abcdefghijklm")])
def test_what_the_model_cannot_take_gets_no_output(breaker: Rewriter, code: str) -> None:
    assert next(breaker.rewrite([code, "f(a)"], 2)) == []
    assert list(breaker.rewrite([code], 2)) == [[]]
    assert list(breaker.rewrite([], 2)) == []


def test_rewriting_leaves_torchs_random_source_alone(breaker: Rewriter) -> None:
    before = torch.get_rng_state()
    list(breaker.rewrite(["f(a)"], 3))
    assert torch.equal(torch.get_rng_state(), before)
