"""Where gaps open, and what the model is shown of a snippet that is too long for it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from generators.diffusion.gap_places import Gap, gaps, places, view
from generators.diffusion.gaps import OPEN
from generators.diffusion.text.source import Source
from tests.generators.diffusion.tiny import PROGRAMS, vocabulary
from validators import get_language

WORDS = {language: vocabulary(language) for language in ("excel", "python")}


def near(code: str, near: int = 2, language: str = "python") -> list[str]:
    """The tokens before which gaps open; ``$`` is the end."""
    source = Source.of(WORDS[language], code)
    tokens = [*source.tokens, "$"]
    return [tokens[i] for i in places(source, get_language(language).check(code), near)]


def test_every_place_of_a_formula_is_tried() -> None:
    code = "=SUM(A1:B7)+MAX(A1,,B7)+1)"
    source = Source.of(WORDS["excel"], code)
    assert places(source, get_language("excel").check(code), 0) == list(range(len(source.tokens) + 1))


def test_a_program_is_searched_on_the_line_of_the_mistake_and_a_little_beside_it() -> None:
    code = "a = 1\nb = 2\nc = = 3\nd = 4\ne = 5\n"
    found = near(code)
    assert found == ["=", "2", "\n", "<V2>", "=", "=", "<N0>", "\n", "<V3>", "="]
    assert near(code, 0) == ["\n", "<V2>", "=", "=", "<N0>", "\n"]


def test_a_bracket_that_is_never_closed_may_end_with_any_line() -> None:
    code = "a = 1\nf(x\nb = 2\nc = 3\nd = 4\n"
    source = Source.of(WORDS["python"], code)
    found = places(source, get_language("python").check(code), 0)
    ends = [i for i, token in enumerate(source.tokens) if token == "\n"]
    assert set(ends[1:]) | {len(source.tokens)} <= set(found)
    assert set(range(ends[0], ends[2])) <= set(found)  # the line of the bracket and the next one, whole


def test_a_bracket_that_nothing_opened_may_have_begun_with_any_line_before() -> None:
    assert near("'a': 1,\n'b': 2,\n'c': 3,\nx}\n", 0)[:3] == ["'", "'", "'"]


def test_the_line_begins_with_the_outermost_open_bracket() -> None:
    code = "f(1,\n  [2,\n  3),\n 4)\n"
    assert near(code, 0)[0] == "f"


@given(st.sampled_from(["excel", "python"]), st.text(max_size=60) | st.text("\n ()[]x='\"1", max_size=60))
def test_places_lie_within_any_text(language: str, code: str) -> None:
    source = Source.of(WORDS[language], code)
    found = places(source, get_language(language).check(code), 2)
    assert found == sorted(set(found)) and found
    assert found[0] >= 0 and found[-1] <= len(source.tokens)


def test_every_gap_at_a_place_is_opened_once_and_none_is_empty() -> None:
    code = "=A1+"
    source = Source.of(WORDS["excel"], code)
    made = list(gaps(source, get_language("excel").check(code), removed=2, opened=3, near=0))
    assert len(set(made)) == len(made)
    assert {(gap.removed, gap.opened) for gap in made if gap.first == 0} == {
        (w, m) for w in range(3) for m in range(4) if w or m
    }
    assert {(gap.removed, gap.opened) for gap in made if gap.first == 3} == {(0, 1), (0, 2), (0, 3)}
    assert max(gap.first + gap.removed for gap in made) == 3


# --- what the model is shown


def test_a_snippet_that_fits_is_shown_whole() -> None:
    source = Source.of(WORDS["excel"], "=MAX(A1,,B7)")
    shown = view(source, Gap(5, 1, 2), 31)
    assert shown.canvas.ids == (*source.ids[:5], OPEN, OPEN, *source.ids[6:])
    assert [shown.named(token) for token in ("<R1>", "(", "<V9>")] == ["<R1>", "(", "<V9>"]


LONG = "".join(f"a{i} = b{i}\n" for i in range(8)) + "if c:\n    if d:\n        e = f(\n        g = 2\nh = 3\n"


def test_of_a_long_program_the_lines_around_a_gap_are_shown_as_if_they_stood_alone() -> None:
    source = Source.of(WORDS["python"], LONG)
    inside = source.tokens.index("(") + 1
    shown = view(source, Gap(inside, 0, 1), 16)
    tokens = [WORDS["python"].tokens([i])[0] if i != OPEN else "?" for i in shown.canvas.ids]  # type: ignore[index]
    assert tokens == ["if", "<V0>", ":", "\n    ", "<V1>", "=", "f", "(", "?", "\n    ", "<V2>", "=", "2"]
    assert shown.named("<V1>") == source.tokens[inside - 4]
    assert shown.named("\n") == "\n    "
    known = {token for token in source.tokens if token.startswith("<V")}
    assert shown.named("<V3>") not in known and shown.named("<V3>") != shown.named("<V4>")


def test_of_a_long_line_as_much_is_shown_on_either_side() -> None:
    source = Source.of(WORDS["excel"], "=" + "A1+" * 60 + ")")
    shown = view(source, Gap(50, 1, 1), 21)
    assert len(shown.canvas.ids) == 21
    assert shown.canvas.first == 10


@given(st.sampled_from(PROGRAMS), st.integers(8, 20), st.data())
def test_what_is_shown_fits_and_has_the_gap_between_its_own_neighbours(
    code: str, max_ids: int, data: st.DataObject
) -> None:
    code = "".join(data.draw(st.lists(st.sampled_from(PROGRAMS), max_size=4))) + code
    source = Source.of(WORDS["python"], code)
    first = data.draw(st.integers(0, len(source.tokens)))
    removed = data.draw(st.integers(0, min(2, len(source.tokens) - first)))
    gap = Gap(first, removed, data.draw(st.integers(1, 3)))
    shown = view(source, gap, max_ids)
    ids, at = shown.canvas.ids, shown.canvas.first
    assert len(ids) <= max_ids
    assert ids[at : at + gap.opened] == (OPEN,) * gap.opened and ids.count(OPEN) == gap.opened
    before = WORDS["python"].tokens(ids[:at]) or []
    behind = WORDS["python"].tokens(ids[at + gap.opened :]) or []
    named = [shown.named(token) for token in before]
    assert list(source.tokens[first - len(named) : first]) == named
    named = [shown.named(token) for token in behind]
    assert list(source.tokens[first + removed : first + removed + len(named)]) == named
