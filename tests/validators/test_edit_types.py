"""Edit types say what was done to code, and their divergence how differently; counted by hand and by law."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import RequestError
from validators import LANGUAGES, Language, TokenKind, get_language
from validators import human_edits as human_edits_module
from validators.diff import token_diff
from validators.edit_types import LONG, NONE, PairEdits, divergence, histogram, pair_edits
from validators.human_edits import Floor, HumanEdits, HumanFile, load_human_edits, write_human_edits

EXCEL, POWERSHELL, PYTHON = (get_language(name) for name in ("excel", "powershell", "python"))
FRAGMENTS = st.sampled_from(["x", " ", "=", "1", "(", ")", "\n", ",", "'s'", "# c", "if", "$", "é", ">", "-"])
SNIPPETS = st.lists(FRAGMENTS, max_size=25).map("".join)
PAIRS = st.dictionaries(st.sampled_from(["a>b", "b>a", "->)", ")>-", LONG]), st.integers(1, 5)).map(
    lambda types: PairEdits(types, sum(types.values()))
)
HISTOGRAMS = st.lists(PAIRS, min_size=1).map(histogram).filter(bool)
RECORD = HumanEdits(
    language="excel", pairs=3, files=[HumanFile(name="real.json", sha256="0" * 64)],
    floor=Floor(divergence=0.25, pairs=1, splits=10), date="2026-11-27", command="evaluate pairs",
    shares={"->)": 0.75, "number>reference": 0.25},
)  # fmt: skip


@pytest.mark.parametrize(
    ("language", "broken", "fixed", "types"),
    [
        (EXCEL, "=SUM(A1", "=SUM(A1)", {"->)": 1}),  # one too few
        (EXCEL, "=SUM((A1)", "=SUM(A1)", {"(>-": 1}),  # one too many
        (EXCEL, "=SUM(A1;B1)", "=SUM(A1,B1)", {";>,": 1}),
        (EXCEL, "=IF(1,2,3)", "=IF(A1,B2,3)", {"number>reference": 2}),
        (EXCEL, "=SIN(A1)", "=COS(B1)", {"function>function": 1, "reference>reference": 1}),
        (EXCEL, "=A1&?", "=A1&B1", {"?>reference": 1}),  # what no lexer knows is itself
        (EXCEL, "=A1=>2", "=A1>=2", {"=>>>=": 1}),
        (PYTHON, "if x = 1:", "if x == 1:", {"=>==": 1}),
        (PYTHON, "x == 1:", "if x == 1:", {"->if": 1}),  # a keyword is its text
        (PYTHON, "f(a b)", "f(a, b)", {"->,": 1}),
        (PYTHON, "if x:\ny", "if x:\n    y", {"->indent": 1}),
        (PYTHON, "x = 'a", "x = 'a'", {"string>string": 1}),
        (PYTHON, "print x", "print(x)", {"->(": 1, "->)": 1}),  # the same text is no edit, whatever it is called
        (POWERSHELL, "if ($a eq 1) {}", "if ($a -eq 1) {}", {"name>-eq": 1}),
        (POWERSHELL, "Get-Item name", "Get-Item $name", {"name>variable": 1}),
    ],
)
def test_an_edit_is_named_for_the_classes_of_both_its_tokens(
    language: Language, broken: str, fixed: str, types: dict[str, int]
) -> None:
    found = pair_edits(language, broken, fixed)
    assert found == PairEdits(types, token_diff(language, broken, fixed).distance)


@pytest.mark.parametrize(("tokens", "types"), [(6, {"(>-": 6}), (7, {LONG: 1})])
def test_a_run_of_more_than_six_edits_is_one_edit(tokens: int, types: dict[str, int]) -> None:
    assert pair_edits(EXCEL, "=" + "(" * tokens + "A1", "=A1") == PairEdits(types, tokens)


def test_runs_are_counted_apart() -> None:
    broken, fixed = "=" + "(" * 7 + "A1;B1" + "(" * 7, "=A1,B1"
    assert pair_edits(EXCEL, broken, fixed) == PairEdits({LONG: 2, ";>,": 1}, 15)


def test_spaces_are_edits_where_nothing_else_is() -> None:
    assert pair_edits(POWERSHELL, "[Math]::Sqrt (9)", "[Math]::Sqrt(9)") == PairEdits({"space>-": 1}, 1)
    assert pair_edits(PYTHON, "f(a , b c)", "f(a,b, c)") == PairEdits({"->,": 1}, 1)


@pytest.mark.parametrize(("broken", "fixed"), [("x", "x"), ("x\n\n", "\nx"), ("", "")])
def test_sides_with_the_same_tokens_have_no_edit_and_weigh_nothing(broken: str, fixed: str) -> None:
    same = pair_edits(PYTHON, broken, fixed)
    assert same == PairEdits({}, 0) and same.shares == {}
    assert histogram([same]) == histogram([]) == {}
    assert histogram([same, pair_edits(PYTHON, "f(", "f()")]) == {"->)": 1.0}


def test_a_stretch_that_is_no_token_is_not_told_word_by_word() -> None:
    found = pair_edits(POWERSHELL, "java --% -x secret", "java -x")
    assert not any("secret" in name for name in found.types)
    assert found.types == {"--%>parameter": 1, "other>-": 1}


def test_each_pair_counts_one_however_many_edits_it_has() -> None:
    pairs = [PairEdits({"a>b": 3, "b>a": 1}, 4), PairEdits({"b>a": 1}, 1), PairEdits({"c>-": 2}, 2), PairEdits({}, 0)]
    assert histogram(pairs) == {"b>a": pytest.approx(1.25 / 3), "c>-": pytest.approx(1 / 3), "a>b": 0.25}
    assert list(histogram(pairs)) == ["b>a", "c>-", "a>b"]


def test_divergence_is_as_computed_by_hand() -> None:
    # the mean of both is 3/4 a, 1/4 b
    expected = (0.5 * math.log2(0.5 / 0.75) + 0.5 * math.log2(0.5 / 0.25)) / 2 + math.log2(1 / 0.75) / 2
    assert divergence({"a": 0.5, "b": 0.5}, {"a": 1.0}) == pytest.approx(expected) == pytest.approx(0.311278, abs=1e-6)
    assert divergence({"a": 0.5, "b": 0.5}, {"c": 1.0}) == 1.0
    assert divergence({"a": 1.0}, {"a": 0.5, "b": 0.25, "c": 0.25}) == pytest.approx(0.311278, abs=1e-6)


@given(HISTOGRAMS, HISTOGRAMS)
def test_divergence_is_symmetric_between_0_and_1_and_0_of_equals(
    one: dict[str, float], other: dict[str, float]
) -> None:
    assert divergence(one, other) == divergence(other, one)
    assert 0 <= divergence(one, other) <= 1
    assert divergence(one, one) == divergence(one, dict(reversed(one.items()))) == 0
    assert (divergence(one, other) < 1e-12) == (one.keys() == other.keys() and one == pytest.approx(other, abs=1e-6))


def test_the_smallest_share_there_is_breaks_nothing() -> None:
    assert divergence({"a": 5e-324, "b": 1.0}, {"b": 1.0}) == 0


def test_nothing_is_at_no_distance_from_anything() -> None:
    for pair in (({}, {"a": 1.0}), ({"a": 1.0}, {}), ({}, {})):
        with pytest.raises(ValueError, match="without edit types"):
            divergence(*pair)


@given(st.lists(PAIRS, min_size=1))
def test_the_shares_of_a_histogram_sum_to_1(pairs: list[PairEdits]) -> None:
    found = histogram(pairs)
    assert not found or math.isclose(sum(found.values()), 1)
    assert bool(found) == any(pair.types for pair in pairs)


@given(st.sampled_from(LANGUAGES), st.one_of(st.text(max_size=60), SNIPPETS), st.one_of(st.text(max_size=60), SNIPPETS))
def test_of_any_two_texts_the_edits_make_up_the_distance(name: str, broken: str, fixed: str) -> None:
    language = get_language(name)
    found = pair_edits(language, broken, fixed)
    distance = token_diff(language, broken, fixed).distance
    assert found.distance == distance or distance == 0  # then spaces were counted
    assert (found.distance == 0) == (not found.types)
    assert sum(count for kind, count in found.types.items() if kind != LONG) <= found.distance
    assert not found.types or math.isclose(sum(found.shares.values()), 1)


def is_class(language: Language, text: str) -> bool:
    """Whether a text is the class of a token: of nobody's making but the language's."""
    if text == NONE or len(text) == 1 or text in set(TokenKind):
        return True
    kinds = {TokenKind.BRACKET, TokenKind.OPERATOR, TokenKind.SEPARATOR, TokenKind.KEYWORD}
    contexts = ("{}", "$a {} 1", "if (1) {{}} {} {{}}", "foreach ($a {} 1) {{}}")  # where PowerShell cuts it as such
    streams = (language.tokens(context.format(text)) for context in contexts)
    return any(token.text == text and token.kind in kinds for tokens in streams for token in tokens)


@pytest.mark.parametrize("name", LANGUAGES)
def test_what_ships_of_people_is_classes_and_shares_alone(name: str) -> None:
    people, language = load_human_edits(name), get_language(name)
    assert people is not None and people.language == name
    assert math.isclose(sum(people.shares.values()), 1, abs_tol=1e-4)
    for edit in people.shares:
        cuts = [place for place, sign in enumerate(edit) if sign == ">"]
        assert edit == LONG or any(
            is_class(language, edit[:cut]) and is_class(language, edit[cut + 1 :]) for cut in cuts
        ), edit
    assert people.floor is not None and 0 < people.floor.divergence < 1 and people.floor.pairs == people.pairs // 2
    assert "/" not in people.command and all("/" not in file.name for file in people.files)


def test_a_record_is_read_as_written_and_a_language_may_have_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(human_edits_module, "FOLDER", tmp_path)
    assert load_human_edits("excel") is None
    write_human_edits(tmp_path / "excel.json", RECORD)
    assert load_human_edits("excel") == RECORD
    assert [file.name for file in tmp_path.iterdir()] == ["excel.json"]


@pytest.mark.parametrize(
    ("change", "said"), [('"pairs": 3', '"pairs": 0'), ("0.75", "0.5"), ('"date"', '"day"'), ("{", "")]
)
def test_a_damaged_record_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str, said: str
) -> None:
    monkeypatch.setattr(human_edits_module, "FOLDER", tmp_path)
    write_human_edits(tmp_path / "excel.json", RECORD)
    text = (tmp_path / "excel.json").read_text()
    assert change in text
    (tmp_path / "excel.json").write_text(text.replace(change, said, 1))
    with pytest.raises(RequestError, match=r"excel\.json is damaged at .*--record") as caught:
        load_human_edits("excel")
    assert "\n" not in str(caught.value)


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="cannot be written"):
        write_human_edits(tmp_path / "nowhere" / "excel.json", RECORD)
