"""Which words are the language's own, and which tokens of a batch they are."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from generators.diffusion.config import EOS, Preset
from generators.diffusion.data import Batches, Dataset, pad
from generators.diffusion.keywords import keyword_spans, keyword_tokens
from generators.diffusion.text.lexemes import SnippetTokenizer
from generators.diffusion.text.vocabulary import StructureVocabulary
from validators import get_language
from validators.structure import get_structure_tokens


def keywords(language: str, code: str) -> list[str]:
    return [code[start:end] for start, end in keyword_spans(get_language(language), code)]


CASES = [
    ("excel", '=IF(SUM(A1:B2)>3,"SUM(x)",Rate)', ["IF", "SUM"]),
    ("excel", "=MyOwn(A1)+_xlfn.CONCAT(B1)", ["_xlfn.CONCAT"]),
    ("excel", "=A1+B1", []),
    ("python", "for x in map(int, names):\n    print(x)", ["for", "in", "map", "int", "print"]),
    ("python", "y = box.map(f) if x is None else g(y)  # for", ["if", "is", "None", "else"]),
    ("python", 'name = "for x in y"', []),
    ("python", "return self.x, match, _", ["return"]),
    ("powershell", "foreach ($x in Get-Item $p) { Out-Null -Force }", ["foreach", "in", "Get-Item", "Out-Null"]),
    ("powershell", "$name = 'if'", []),
    ("powershell", "if ($a -eq $b.Count) { return [int]1 }", ["if", "return"]),
]  # fmt: skip


@pytest.mark.parametrize(("language", "code", "expected"), CASES)
def test_keywords_are_the_languages_own_words(language: str, code: str, expected: list[str]) -> None:
    assert keywords(language, code) == expected


@pytest.mark.parametrize(("language", "code", "expected"), CASES)
def test_structure_tokens_are_keywords_where_the_words_of_the_snippet_are(
    language: str, code: str, expected: list[str]
) -> None:
    tokens = get_structure_tokens(language).structure(code).tokens
    chosen = keyword_tokens(language, tokens)
    assert len(chosen) == len(tokens)
    found = [token for token, is_keyword in zip(tokens, chosen, strict=True) if is_keyword]
    assert found == [word.upper() if language == "excel" else word for word in expected]


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


def batches(name: str, tokenizer: StructureVocabulary | SnippetTokenizer, preset: Preset) -> Batches:
    return Batches(Dataset(train=[], validation=[], tokenizer=tokenizer), preset)


@pytest.mark.parametrize("name", SNIPPETS)
def test_lexemes_of_a_batch_are_keywords_where_their_text_is(name: str, preset: Preset) -> None:
    tokenizer = SnippetTokenizer.train(name, SNIPPETS[name], min_count=1, max_vocabulary=200)
    rows = [tokenizer.encode(code) for code in SNIPPETS[name]]
    tokens = pad(rows, max(map(len, rows)) + 2)
    chosen = batches(name, tokenizer, preset).keywords(tokens)
    assert chosen.shape == tokens.shape and chosen.dtype is torch.bool
    for code, ids, row in zip(SNIPPETS[name], tokens.tolist(), chosen.tolist(), strict=True):
        texts = [tokenizer.decode([i]) for i, is_keyword in zip(ids, row, strict=True) if is_keyword]
        assert texts == keywords(name, code)
        assert (texts == []) == (code == SNIPPETS[name][1])


@pytest.mark.parametrize("name", SNIPPETS)
def test_structure_tokens_of_a_batch_are_keywords_where_the_snippet_has_them(name: str, preset: Preset) -> None:
    structure = get_structure_tokens(name).structure
    tokenizer = StructureVocabulary.train(name, [structure(code).tokens for code in SNIPPETS[name]], 1, 200)
    rows = [tokenizer.encode(code) for code in SNIPPETS[name]]
    tokens = pad(rows, max(map(len, rows)) + 2)
    chosen = batches(name, tokenizer, preset).keywords(tokens)
    assert chosen.shape == tokens.shape and chosen.dtype is torch.bool
    for code, ids, row in zip(SNIPPETS[name], tokens.tolist(), chosen.tolist(), strict=True):
        found = tokenizer.tokens([i for i, is_keyword in zip(ids, row, strict=True) if is_keyword])
        assert found == keywords(name, code)
        assert not any(row[ids.index(EOS) :])


def test_batches_of_a_corpus_have_keywords_where_it_has_functions(dataset: Dataset, preset: Preset) -> None:
    vocabulary = dataset.tokenizer
    assert isinstance(vocabulary, StructureVocabulary)
    made = Batches(dataset, preset)
    for tokens in made.epoch(0):
        for ids, row in zip(tokens.tolist(), made.keywords(tokens).tolist(), strict=True):
            words = vocabulary.tokens(ids) or []
            called = [word for word, behind in pairwise(words) if behind == "(" and word != "="]
            assert [word for word, is_keyword in zip(words, row, strict=False) if is_keyword] == called
