"""Whatever reads PowerShell takes work that grows with the length alone: calls are counted, no time is taken."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType

import pytest

from validators.powershell import LANGUAGE
from validators.powershell.normal import normal_form
from validators.powershell.parser import parse, tokenize
from validators.powershell.parser.recovery import find_statements
from validators.powershell.structure import structure

SHORT, TIMES = 500, 6
READERS = [parse, tokenize, LANGUAGE.tokens, structure, find_statements]


def _calls(read: Callable[[str], object], code: str) -> int:
    """How many functions are called, Python's and C's, the searches of regular expressions among them."""
    calls = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        read(code)
    finally:
        sys.setprofile(before)
    return calls


def _grows_with_the_length(read: Callable[[str], object], text: Callable[[int], str]) -> bool:
    """Whether a text ``TIMES`` as long takes at most as many times the calls, with a half in hand."""
    return _calls(read, text(TIMES * SHORT)) <= 1.5 * TIMES * (_calls(read, text(SHORT)) + 100)


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    ("unit", "tail"),
    [
        *(('@"\n', "$a: b"), ('@"\n', "${} b"), ("'\n@\"\n", "`u{z} b"), (")\n@'\n '@\n", "'"), ("@'\n '@\n", "")),
        *(('"$(', ""), ("'\n", ""), ("$(", ""), ("@{a=@{", ""), ("(", ""), ("}", ""), ("x{\n", ""), ("a `\n", "")),
        *(("# a\n", ""), ("<#", ""), ("[a[", ""), ("%{", ""), ("a|\n#\n", ""), ("$a.b[[c],", "")),
        *(("if ($a) {\n", ""), ("a = 'b\n", ""), ("class a { $b\n\n", ""), ('$a = @"\n$b\n"@\n', ")")),
    ],
)
def test_broken_text_is_read_in_linear_work(read: Callable[[str], object], unit: str, tail: str) -> None:
    assert _grows_with_the_length(read, lambda size: unit * (size // len(unit)) + tail)


def test_here_strings_that_end_nowhere_are_looked_through_in_linear_work() -> None:
    assert _grows_with_the_length(find_statements, lambda size: '"\n' + "x @'\n '@\n" * (size // 9) + "\" 'x")


@pytest.mark.parametrize(
    "unit", ["foo -a $b | bar 'c'\n", "$a = @{ b = 1; c = 'd' }\n", '"a $b $($c + 1)"\n', "[a]\n", "if ($a) { 1 }\n"]
)
def test_a_normal_form_is_made_in_linear_work(unit: str) -> None:
    assert _grows_with_the_length(normal_form, lambda size: unit * (size // len(unit)) + "1")
