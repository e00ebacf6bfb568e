"""Which words are the language's own, and which tokens of a batch they are."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from generators.diffusion.config import Preset
from generators.diffusion.data import Batches, Dataset, pad
from generators.diffusion.keywords import keyword_spans
from generators.diffusion.tokenizer import SnippetTokenizer
from validators import Language, get_language


def keywords(language: str, code: str) -> list[str]:
    return [code[start:end] for start, end in keyword_spans(get_language(language), code)]


@pytest.mark.parametrize(
    ("language", "code", "expected"),
    [
        ("excel", '=IF(SUM(A1:B2)>3,"SUM(x)",Rate)', ["IF", "SUM"]),
        ("excel", "=MyOwn(A1)+_xlfn.CONCAT(B1)", ["_xlfn.CONCAT"]),
        ("excel", "=A1+B1", []),
        ("python", "for x in map(int, names):\n    print(x)", ["for", "in", "map", "int", "print"]),
        ("python", "y = box.map(f) if x is None else g(y)  # for", ["if", "is", "None", "else"]),
        ("python", 'name = "for x in y"', []),
        ("powershell", "foreach ($x in Get-Item $p) { Out-Null -Force }", ["foreach", "in", "Get-Item", "Out-Null"]),
        ("powershell", "$name = 'if'", []),
    ],
)  # fmt: skip
def test_keywords_are_the_languages_own_words(language: str, code: str, expected: list[str]) -> None:
    assert keywords(language, code) == expected


@given(name=st.sampled_from(["excel", "python", "powershell"]), code=st.text(max_size=60))
def test_spans_of_any_text_lie_in_it_in_order(name: str, code: str) -> None:
    last = 0
    for start, end in keyword_spans(get_language(name), code):
        assert last <= start < end <= len(code)
        last = end


SNIPPETS = {
    "excel": ['=IF(A1>3,"SUM",MAX(B1:B9))', "=A1+B1", "=SUM(A1:A9)*ROUND(B1,2)"],
    "python": ["for x in map(f, y):\n    print(x)", "x = y", "return len(self.map)"],
    "powershell": ["if ($x) { Get-Item $x }", "$x = 1", "Get-ChildItem $x | Remove-Item"],
}


@pytest.mark.parametrize("name", SNIPPETS)
def test_tokens_of_a_batch_are_keywords_where_their_text_is(name: str, preset: Preset) -> None:
    language = get_language(name)
    tokenizer = SnippetTokenizer.train(name, SNIPPETS[name], min_count=1, max_vocabulary=200)
    batches = Batches(language, Dataset(train=[], validation=[], tokenizer=tokenizer), preset)
    rows = [tokenizer.encode(code) for code in SNIPPETS[name]]
    tokens = pad(rows, max(map(len, rows)) + 2)
    chosen = batches.keywords(tokens)
    assert chosen.shape == tokens.shape and chosen.dtype is torch.bool
    for code, ids, row in zip(SNIPPETS[name], tokens.tolist(), chosen.tolist(), strict=True):
        texts = [tokenizer.decode([i]) for i, is_keyword in zip(ids, row, strict=True) if is_keyword]
        assert texts == keywords(name, code)
        assert (texts == []) == (code == SNIPPETS[name][1])


def test_batches_of_a_corpus_have_keywords_where_it_has_functions(
    excel: Language, dataset: Dataset, preset: Preset
) -> None:
    batches = Batches(excel, dataset, preset)
    for tokens in batches.epoch(0):
        for ids, row in zip(tokens.tolist(), batches.keywords(tokens).tolist(), strict=True):
            named = [dataset.tokenizer.decode([i]) for i, is_keyword in zip(ids, row, strict=True) if is_keyword]
            code = dataset.tokenizer.decode(ids) or ""
            assert named == [function for function in named if f"{function}(" in code]
            assert len(named) == code.count("(") - code.count("=(")
