"""The vocabulary of structure tokens: ids and tokens, one text for each slot, files that come back."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generators.diffusion.config import EOS, PAD, UNKNOWN
from generators.diffusion.text.vocabulary import StructureVocabulary
from tests.generators.diffusion.tiny import CODES, vocabulary
from validators import get_language
from validators.structure import get_structure_tokens, slot_kind

LANGUAGES = sorted(CODES)
VOCABULARIES = {language: vocabulary(language) for language in LANGUAGES}
EXCEL = VOCABULARIES["excel"]


def test_the_most_frequent_tokens_come_first_and_rare_ones_not_at_all() -> None:
    snippets = [["=", "<R0>"], ["=", "<R0>", "+", "<R1>"], ["=", "SUM", "(", "<R0>", ")"], ["=", "+"]]
    trained = StructureVocabulary.train("excel", snippets, 2, 100)
    assert trained.ids(["=", "<R0>", "+"]) == [3, 4, 5]  # behind padding, end of sequence, unknown
    assert len(trained) == 6 and trained.words == {"=", "<R0>", "+"}
    assert trained.ids(["SUM", "(", "<R1>", "<pad>", "="]) == [UNKNOWN, UNKNOWN, UNKNOWN, PAD, 3]
    assert StructureVocabulary.train("excel", snippets, 1, 5).words == {"=", "<R0>"}
    tied = StructureVocabulary.train("excel", [["b", "a", "c"]], 1, 100)
    assert tied.ids(["a", "b", "c"]) == [3, 4, 5]  # whatever comes first in the corpus


def test_training_does_not_depend_on_the_order_of_the_snippets(tmp_path: Path) -> None:
    structure = get_structure_tokens("python").structure
    for name, codes in (("a", CODES["python"]), ("b", CODES["python"][::-1])):
        StructureVocabulary.train("python", [structure(code).tokens for code in codes], 1, 512).save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("language", LANGUAGES)
def test_snippets_come_back_with_their_structure_and_with_texts_of_the_seed(language: str) -> None:
    own, words = get_language(language), VOCABULARIES[language]
    for code in CODES[language]:
        ids = words.encode(code)
        assert not {UNKNOWN, EOS, PAD} & set(ids)
        assert words.tokens(ids) == list(get_structure_tokens(language).structure(code).tokens)
        texts = {words.decode(ids, seed) for seed in range(8)}
        assert all(text is not None and words.encode(text) == ids for text in texts)
        assert all(own.check(text or "").accepted == own.check(code).accepted for text in texts)
        assert len(texts) > 1 or not any(map(slot_kind, words.tokens(ids) or []))
        assert words.decode(ids, 3) == words.decode([*ids, EOS, PAD], 3) == words.decode([*ids, PAD, 5], 3)


def test_what_is_not_in_the_vocabulary_is_a_slot_where_that_can_be_and_else_unknown() -> None:
    assert "IFERROR" not in EXCEL.words and "<F0>" not in EXCEL.words
    assert EXCEL.structure("=IFERROR(A1)").tokens == ("=", "<F0>", "(", "<R0>", ")")
    ids = EXCEL.encode("=IFERROR(A1)")
    assert ids.count(UNKNOWN) == 1 and ids[1] == UNKNOWN
    assert EXCEL.tokens(ids) is None and EXCEL.decode(ids, 1) is None
    assert EXCEL.tokens([ids[0], EOS, UNKNOWN]) == ["="]  # what stands behind the end is nothing
    assert EXCEL.tokens([PAD, UNKNOWN]) == [] and EXCEL.decode([EOS], 1) == ""


@pytest.mark.parametrize("language", LANGUAGES)
@given(data=st.data())
def test_any_ids_are_decoded_to_the_end_or_not_at_all(language: str, data: st.DataObject) -> None:
    words = VOCABULARIES[language]
    ids = data.draw(st.lists(st.integers(0, len(words) - 1), max_size=20))
    end = next((i for i, each in enumerate(ids) if each in (PAD, EOS)), len(ids))
    text = words.decode(ids, 5, like=data.draw(st.lists(st.integers(0, len(words) - 1), max_size=20)))
    assert (text is None) == (UNKNOWN in ids[:end])
    tokens = words.tokens(ids)
    assert tokens is None or words.ids(tokens) == ids[:end]


@pytest.mark.parametrize("language", LANGUAGES)
@given(data=st.data())
def test_equal_slots_of_two_texts_have_equal_texts(language: str, data: st.DataObject) -> None:
    words = VOCABULARIES[language]
    chosen = st.lists(st.sampled_from(sorted(words.words)), max_size=20)
    tokens, like, seed = data.draw(chosen), data.draw(chosen), data.draw(st.integers(0, 99))
    table = words.fill(tokens, seed, like)
    assert table.keys() == {token for token in (*tokens, *like) if slot_kind(token)}
    alone = words.fill(like, seed, like)
    assert alone.items() <= table.items()  # the other text's slots are filled first, as without this one
    assert words.decode(words.ids(tokens), seed, words.ids(like)) == words.write(tokens, table)
    assert words.decode(words.ids(like), seed, words.ids(like)) == words.write(like, table)
    assert words.fill(tokens, seed, like) == table


def test_another_seed_fills_otherwise_and_another_bank_comes_first() -> None:
    tokens = ["=", "<R0>", "&", '"', "<S0>", '"']
    assert len({EXCEL.fill(tokens, seed)["<R0>"] for seed in range(30)}) > 10
    bank = {"S": ["mine"], "R": ["Z9"]}
    assert EXCEL.fill(tokens, 0, (), bank) == {"<R0>": "Z9", "<S0>": "mine"}
    assert EXCEL.decode(EXCEL.ids(tokens[:3]), 0, (), bank) == "=Z9&"


@pytest.mark.parametrize(
    ("language", "code", "words"),
    [
        ("python", "x.size.color = run(x)\nclass Node:\n    y = load(1)", {"size", "color", "run", "Node", "data"}),
        ("excel", "=DEVSQ(A1)+KURT(B2)", {"SUM", "MAX", "MIN", "AVERAGE", "COUNT", "COUNTA"}),
    ],
)
def test_a_function_or_attribute_is_never_filled_with_a_word_so_the_text_has_the_same_tokens(
    language: str, code: str, words: set[str]
) -> None:
    tokens = get_structure_tokens(language).structure(code, frozenset()).tokens
    vocabulary = StructureVocabulary(language, sorted({*tokens, *words}))
    for seed in range(100):
        filled = vocabulary.fill(tokens, seed)
        assert vocabulary.structure(vocabulary.write(tokens, filled)).tokens == tokens


def test_a_bank_that_holds_words_alone_still_fills() -> None:
    vocabulary = StructureVocabulary("python", ["run"])
    assert vocabulary.fill(["<V0>", "("], 0, (), {"V": ["run"]}) == {"<V0>": "run"}


def test_slots_that_are_settled_are_kept_and_the_others_filled() -> None:
    tokens = ["=", "<R0>", "+", "<R1>", "+", "<N0>"]
    filled = EXCEL.fill_in(tokens, {"<R1>": "Q7", "<V3>": "Mine"}, random.Random(1))
    assert filled.keys() == {"<R0>", "<R1>", "<N0>", "<V3>"}
    assert (filled["<R1>"], filled["<V3>"]) == ("Q7", "Mine") and filled["<R0>"] != "Q7"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_saved_vocabulary_is_loaded_as_it_was(language: str, tmp_path: Path) -> None:
    words = VOCABULARIES[language]
    words.save(tmp_path / "tokenizer.json")
    assert json.loads((tmp_path / "tokenizer.json").read_text())["language"] == language
    loaded = StructureVocabulary.load(tmp_path / "tokenizer.json")
    assert loaded.language == language and len(loaded) == len(words) and loaded.words == words.words
    for code in CODES[language]:
        assert loaded.encode(code) == words.encode(code)
        assert loaded.decode(words.encode(code), 7) == words.decode(words.encode(code), 7)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"language": "excel"}', '{"tokens": []}'])
def test_another_file_is_no_vocabulary(content: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text(content)
    with pytest.raises((ValueError, KeyError, TypeError)):
        StructureVocabulary.load(tmp_path / "file")


def test_keywords_are_words_of_the_language() -> None:
    ids = EXCEL.encode('=IF(A1>=7,SUM(A1:B7),"No")')
    chosen = EXCEL.keywords(ids)
    tokens = [token for i in ids for token in EXCEL.tokens([i]) or []]
    assert [token for token, is_keyword in zip(tokens, chosen, strict=True) if is_keyword] == ["IF", "SUM"]
