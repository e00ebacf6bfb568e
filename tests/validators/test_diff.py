"""How far two snippets are apart: a metric on significant tokens, with positions on the fixed side."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validators import get_language
from validators.diff import TokenDiff, edits, significant, texts, token_diff, token_distance

PYTHON, POWERSHELL = get_language("python"), get_language("powershell")
TOKENS = st.lists(st.sampled_from(["x", "y", "(", ")", ",", "é", "\n", "long name"]), max_size=12)
FRAGMENTS = st.sampled_from(["x", " ", "  ", "=", "1", "(", ")", "\n", ",", "'s'", "# c"])
SNIPPETS = st.lists(FRAGMENTS, max_size=15).map("".join)


@given(TOKENS, TOKENS)
def test_the_distance_is_symmetric_and_zero_for_equal_tokens_only(a: list[str], b: list[str]) -> None:
    assert token_distance(a, b) == token_distance(b, a)
    assert (token_distance(a, b) == 0) == (a == b)
    assert abs(len(a) - len(b)) <= token_distance(a, b) <= max(len(a), len(b))


@given(TOKENS, TOKENS, TOKENS)
def test_a_detour_is_never_shorter(a: list[str], b: list[str], c: list[str]) -> None:
    assert token_distance(a, c) <= token_distance(a, b) + token_distance(b, c)


@given(TOKENS, TOKENS, st.integers(0, 5))
def test_above_the_limit_the_distance_is_one_more_than_the_limit(a: list[str], b: list[str], limit: int) -> None:
    assert token_distance(a, b, limit) == min(token_distance(a, b), limit + 1)


def test_many_distinct_tokens_are_told_apart() -> None:
    many = [f"name{i}" for i in range(60_000)]
    assert token_distance(many, [*many[:-1], "other"], limit=3) == 1


@given(SNIPPETS, SNIPPETS)
def test_the_diff_agrees_with_the_distance_and_its_own_bounds(broken: str, fixed: str) -> None:
    a, b = texts(significant(PYTHON, broken)), texts(significant(PYTHON, fixed))
    diff = token_diff(PYTHON, broken, fixed)
    assert diff.distance == token_distance(a, b)
    assert diff.normalized == diff.distance / max(len(a), len(b), 1) <= 1
    assert (diff.hunks == 0) == (diff.distance == 0)
    assert diff.hunks <= diff.distance
    assert 0 <= diff.span <= len(b)


@pytest.mark.parametrize(
    ("broken", "fixed", "diff"),
    [
        ("f(a, b)", "f(a, b)", TokenDiff(0, 0.0, 0, 0)),
        ("f(a b)", "f(a, b)", TokenDiff(1, 1 / 6, 1, 0)),  # an insertion repairs it
        ("f(a,, b)", "f(a, b)", TokenDiff(1, 1 / 7, 1, 0)),  # a deletion
        ("f[a, b)", "f(a, b)", TokenDiff(1, 1 / 6, 1, 0)),  # a replacement
        ("f[a, b]", "f(a, b)", TokenDiff(2, 2 / 6, 2, 4)),  # two, at tokens 1 and 5 of the fixed side
        ("f a, b", "f(a, b)", TokenDiff(2, 2 / 6, 2, 4)),
        ("a b c", "a (b, c", TokenDiff(2, 2 / 5, 2, 2)),  # at tokens 1 and 3
        ("x c", "a b c", TokenDiff(2, 2 / 3, 1, 1)),  # neighbours are one hunk
        ("", "f(a)", TokenDiff(4, 1.0, 1, 3)),
        ("", "", TokenDiff(0, 0.0, 0, 0)),
        ("x = 'a long string'", "x = 'another'", TokenDiff(1, 1 / 3, 1, 0)),
    ],
)
def test_distance_hunks_and_span_count_tokens_of_the_fixed_side(broken: str, fixed: str, diff: TokenDiff) -> None:
    assert token_diff(PYTHON, broken, fixed) == diff


def test_what_is_deleted_at_both_sides_of_a_token_is_two_hunks() -> None:
    assert token_diff(PYTHON, "x, = ,1", "x = 1").hunks == 2


@pytest.mark.parametrize(
    ("broken", "fixed"),
    [
        ("f( a,b )", "f(a, b)"),
        ("\n\nx\n\n\ny\n", "x\ny"),
        ("x\r\ny", "x\ny"),
        ("x  # c", "x # c"),
        ("if x:\n\n    y\n   \n", "if x:\n    y"),
    ],
)
def test_spaces_and_blank_lines_do_not_count(broken: str, fixed: str) -> None:
    assert token_diff(PYTHON, broken, fixed).distance == 0


@pytest.mark.parametrize(
    ("broken", "fixed", "distance"),
    [
        ("if x:\ny", "if x:\n    y", 1),  # indentation
        ("x y", "x\ny", 1),  # a line break
        ("x", "x # c", 1),  # a comment
        ("x y", "xy", 2),
    ],
)
def test_indentation_line_breaks_and_comments_count(broken: str, fixed: str, distance: int) -> None:
    assert token_diff(PYTHON, broken, fixed).distance == distance


def test_powershell_indentation_does_not_count() -> None:
    assert token_diff(POWERSHELL, "if ($a) {\n1\n}", "if ($a) {\n    1\n}").distance == 0


def test_spaces_count_on_request() -> None:
    assert texts(significant(PYTHON, "f (x)")) == ["f", "(", "x", ")"]
    assert texts(significant(PYTHON, "f (x)", spaces=True)) == ["f", " ", "(", "x", ")"]


@given(SNIPPETS, SNIPPETS)
def test_edits_hold_the_tokens_of_both_sides_and_as_many_changes_as_the_distance(broken: str, fixed: str) -> None:
    found = edits(PYTHON, broken, fixed)
    assert [token for edit in found for token in edit.broken] == significant(PYTHON, broken)
    assert [token for edit in found for token in edit.fixed] == significant(PYTHON, fixed)
    changed = [edit for edit in found if edit.operation != "equal"]
    assert sum(max(len(e.broken), len(e.fixed)) for e in changed) == token_diff(PYTHON, broken, fixed).distance
    assert all(texts(e.broken) == texts(e.fixed) for e in found if e.operation == "equal")
