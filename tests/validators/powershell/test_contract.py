"""What PowerShell accepts is accepted, what it refuses is refused for its reason and at its place.

``valid`` and ``invalid`` hold texts by construct with PowerShell 7.6's own answers: its first error's id and extent.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from validators.powershell.parser import parse

HERE = Path(__file__).parent
CONSTRUCTS = sorted(file.stem for file in (HERE / "valid").glob("*.json"))


def _cases(folder: str, construct: str) -> list[Any]:
    cases: list[Any] = json.loads((HERE / folder / f"{construct}.json").read_text(encoding="utf-8"))
    return cases


def test_every_construct_has_texts_of_both_kinds() -> None:
    assert len(CONSTRUCTS) > 30
    assert sorted(file.stem for file in (HERE / "invalid").glob("*.json")) == CONSTRUCTS


@pytest.mark.parametrize("construct", CONSTRUCTS)
def test_right_texts_are_accepted(construct: str) -> None:
    for code in _cases("valid", construct):
        parsed = parse(code)
        assert (parsed.errors, parsed.tree is None) == ([], False), code


@pytest.mark.parametrize("construct", CONSTRUCTS)
def test_wrong_texts_are_refused_as_powershell_refuses_them(construct: str) -> None:
    for code, id, start, end in _cases("invalid", construct):
        first = parse(code).errors[0]
        assert (first.id, first.start, first.end) == (id, start, end), code


@pytest.mark.parametrize("construct", CONSTRUCTS)
def test_messages_are_sentences(construct: str) -> None:
    for code, *_ in _cases("invalid", construct):
        message = parse(code).errors[0].message
        assert message.endswith(".") and message[0].isupper() | (message[0] == "'"), message


@pytest.mark.parametrize(
    ("code", "incomplete"),
    [("if ($a) {", True), ("'abc", True), ("$a = ", True), ("if ($a) { 1 } }", False), ("$a = )", False)],
)
def test_an_error_is_incomplete_if_more_text_could_mend_it(code: str, incomplete: bool) -> None:
    assert parse(code).errors[0].incomplete is incomplete


def test_errors_of_meaning_come_all_and_in_the_order_of_the_tree() -> None:
    errors = parse("1 = @{ a = 1; A = @b }; (2)++").errors
    assert [(error.id, error.start) for error in errors] == [
        ("InvalidLeftHandSide", 0),
        ("DuplicateKeyInHashLiteral", 14),
        ("SplattingNotPermitted", 18),
        ("OperatorRequiresVariableOrProperty", 25),
    ]
