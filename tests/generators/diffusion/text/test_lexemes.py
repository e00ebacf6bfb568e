"""Closed vocabularies: what is in them comes back as it was."""

from __future__ import annotations

import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generators.diffusion.config import EOS, PAD, UNKNOWN
from generators.diffusion.text.lexemes import LEXEMES, SnippetTokenizer

SNIPPETS = {
    "excel": (
        '=IF(A1>=10,SUM(B2:B9)/2,"Yes")', "=Sheet1!C3*12", "=VLOOKUP($D$4,Data,2,FALSE)", "=COUNTIF(E5,#N/A)<>0",
    ),
    "python": (
        "def f(x, n):\n    if x != 10:\n        return x ** 2\n    return n", "for i in items:\n    total += i",
        "a = b -> c", "names = [name for name in data if name]", "@cache\nclass A:\n    x: int = 12",
    ),
    "powershell": (
        "Get-Item -Path $path | Where-Object { $_ -eq 10 }", "foreach ($x in $items) {\n    Set-Item $x\n}",
        "[string]::Join($name, 25)", "$result = New-Item -Force -Name 'x'",
    ),
}  # fmt: skip
LANGUAGES = sorted(LEXEMES)


def trained(language: str) -> SnippetTokenizer:
    return SnippetTokenizer.train(language, SNIPPETS[language] * 3, min_count=2, max_vocabulary=1000)


TOKENIZERS = {language: trained(language) for language in LANGUAGES}
WORDS = {
    language: [piece for code in SNIPPETS[language] for piece in code.replace("\n", " \n ").split(" ")] + ["\n", " "]
    for language in LANGUAGES
}


def test_every_language_has_its_lexemes() -> None:
    assert sorted(SNIPPETS) == LANGUAGES == ["excel", "powershell", "python"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_training_snippets_come_back_as_they_were(language: str) -> None:
    tokenizer = TOKENIZERS[language]
    for code in SNIPPETS[language]:
        ids = tokenizer.encode(code)
        assert not {UNKNOWN, EOS, PAD} & set(ids)
        assert tokenizer.decode(ids) == code
        assert tokenizer.decode([*ids, EOS, PAD, PAD]) == tokenizer.decode([*ids, PAD]) == code


@pytest.mark.parametrize("language", LANGUAGES)
@given(data=st.data())
def test_what_is_in_the_vocabulary_comes_back_as_it_was(language: str, data: st.DataObject) -> None:
    tokenizer = TOKENIZERS[language]
    text = "".join(data.draw(st.lists(st.sampled_from(WORDS[language]), max_size=30)))
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == (None if UNKNOWN in ids else text)


@pytest.mark.parametrize("language", LANGUAGES)
@given(characters=st.lists(st.sampled_from(string.punctuation.replace("_", "") + string.ascii_letters), max_size=40))
def test_single_printable_characters_are_always_in_the_vocabulary(language: str, characters: list[str]) -> None:
    tokenizer = TOKENIZERS[language]
    text = " ".join(characters)
    assert UNKNOWN not in tokenizer.encode(text)
    assert tokenizer.decode(tokenizer.encode(text)) == text


@pytest.mark.parametrize("language", LANGUAGES)
@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_any_text_comes_back_as_it_was_or_as_unknown(language: str, text: str) -> None:
    tokenizer = TOKENIZERS[language]
    ids = tokenizer.encode(text)
    assert all(0 <= i < len(tokenizer) for i in ids)
    assert tokenizer.decode(ids) == (None if UNKNOWN in ids else text)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("word", ["é", "漢", "\t", "unheardof"])
def test_what_is_not_in_the_vocabulary_is_unknown(language: str, word: str) -> None:
    ids = TOKENIZERS[language].encode(f"1 {word} 2")
    assert ids.count(UNKNOWN) == 1


def test_brackets_quotes_and_operators_are_tokens_of_their_own() -> None:
    tokenizer = TOKENIZERS["excel"]
    pieces = [tokenizer.decode([i]) for i in tokenizer.encode('=IF(A1>=10,SUM(B2:B9)/2,"Yes")')]
    assert pieces == [
        "=", "IF", "(", "A", "1", ">=", "10", ",", "SUM", "(", "B", "2", ":", "B", "9", ")", "/", "2", ",",
        '"', "Yes", '"', ")",
    ]  # fmt: skip


def test_rare_words_stay_outside_and_the_vocabulary_within_its_limit() -> None:
    texts = ["=SUM(A1)"] * 5 + ["=MAX(A1)"]
    tokenizer = SnippetTokenizer.train("excel", texts, min_count=2, max_vocabulary=1000)
    assert UNKNOWN not in tokenizer.encode("=SUM(A1)")
    assert UNKNOWN in tokenizer.encode("=MAX(A1)")
    assert len(tokenizer) == 3 + len(string.printable.strip()) + 2 + 1  # special, characters, space and newline, SUM
    assert len(SnippetTokenizer.train("excel", texts, min_count=1, max_vocabulary=64)) == 64


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_saved_tokenizer_is_loaded_as_it_was(language: str, tmp_path: Path) -> None:
    tokenizer = TOKENIZERS[language]
    tokenizer.save(tmp_path / "tokenizer.json")
    loaded = SnippetTokenizer.load(tmp_path / "tokenizer.json", language)
    assert len(loaded) == len(tokenizer) and loaded.words == tokenizer.words and loaded.language == language
    assert [loaded.decode([i]) for i in range(len(loaded))] == [tokenizer.decode([i]) for i in range(len(tokenizer))]
    for code in (*SNIPPETS[language], "ünknown"):
        assert loaded.encode(code) == tokenizer.encode(code)


def test_training_does_not_depend_on_the_order_of_the_snippets(tmp_path: Path) -> None:
    for name, texts in (("a", SNIPPETS["python"]), ("b", SNIPPETS["python"][::-1])):
        SnippetTokenizer.train("python", texts, min_count=1, max_vocabulary=1000).save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_words_are_all_tokens_but_the_special_ones() -> None:
    tokenizer = SnippetTokenizer.train("excel", ["=SUM(A1)"] * 2, min_count=2, max_vocabulary=1000)
    assert len(tokenizer.words) == len(tokenizer) - 3
    assert {"SUM", "=", "\n", "~"} <= tokenizer.words and "MAX" not in tokenizer.words


@pytest.mark.parametrize("language", LANGUAGES)
def test_seed_and_another_text_are_for_structure_tokens_alone(language: str) -> None:
    tokenizer = TOKENIZERS[language]
    for code in SNIPPETS[language]:
        ids = tokenizer.encode(code)
        assert tokenizer.decode(ids, 7, like=tokenizer.encode("x")) == code


@pytest.mark.parametrize(
    ("language", "code", "words"),
    [
        ("excel", '=IF(A1>=10,SUM(B2:B9)/2,"SUM")', ["IF", "SUM"]),
        ("python", "def f(x, n):\n    if x != 10:\n        return x.len", ["def", "if", "return"]),
        ("powershell", "Get-Item -Path $path | Where-Object { $_ -eq 10 }", ["Get-Item", "Where-Object"]),
    ],
)
def test_keywords_are_tokens_of_the_languages_own_words(language: str, code: str, words: list[str]) -> None:
    tokenizer = SnippetTokenizer.train(language, [code], min_count=1, max_vocabulary=1000)
    ids = tokenizer.encode(code)
    chosen = tokenizer.keywords(ids)
    assert len(chosen) == len(ids)
    assert [tokenizer.decode([i]) for i, is_keyword in zip(ids, chosen, strict=True) if is_keyword] == words


def test_a_word_that_is_spelt_out_is_a_keyword_in_each_of_its_characters() -> None:
    tokenizer = SnippetTokenizer.train("excel", ["=A1"], min_count=1, max_vocabulary=1000)
    ids = [tokenizer.encode(character)[0] for character in "=SUM(1)"]
    assert tokenizer.keywords(ids) == [False, True, True, True, False, False, False]
