"""What holds for Python and PowerShell alike: fixtures get the verdict their path states, and no text does harm.

A fixture file holds snippets, separated by lines of five dashes; its folder says what becomes of them.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validators import ErrorKind, Language, TokenKind, get_language
from validators.diff import significant, texts, token_distance

LANGUAGES = [get_language("python"), get_language("powershell")]
FIXTURES = Path(__file__).parent / "fixtures"

both = pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.name)


def _snippets(folder: Path) -> list[str]:
    files = [path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.txt"))]
    return [snippet for text in files for snippet in text.removesuffix("\n").split("\n-----\n")]


ACCEPTED = [(language, code) for language in LANGUAGES for code in _snippets(FIXTURES / language.name / "accepted")]
REJECTED = [
    (language, folder.name, code)
    for language in LANGUAGES
    for folder in sorted((FIXTURES / language.name / "rejected").iterdir())
    for code in _snippets(folder)
]


@pytest.mark.parametrize(("language", "code"), ACCEPTED)
def test_correct_code_is_accepted(language: Language, code: str) -> None:
    verdict = language.check(code)
    assert verdict.accepted, verdict
    assert verdict.kind is verdict.message is verdict.line is verdict.column is verdict.offset is None


@pytest.mark.parametrize(("language", "kind", "code"), REJECTED)
def test_broken_code_is_rejected_for_its_reason(language: Language, kind: str, code: str) -> None:
    verdict = language.check(code)
    assert not verdict.accepted
    assert verdict.kind == ErrorKind(kind), verdict
    assert verdict.message and "\n" not in verdict.message
    assert verdict.offset is not None and 0 <= verdict.offset <= len(code)


@both
def test_every_kind_of_rejection_has_a_fixture(language: Language) -> None:
    kinds = {kind for owner, kind, _ in REJECTED if owner is language}
    assert kinds >= {"unbalanced", "unterminated_string", "unexpected_token", "missing_token", "context"}


@both
@pytest.mark.parametrize(
    ("code", "kind", "offset"),
    [
        ("", ErrorKind.EMPTY, 0),
        (" \n\t", ErrorKind.EMPTY, 0),
        ("a = 1\0", ErrorKind.ENCODING, 5),
        ("é = '\ud800'", ErrorKind.ENCODING, 5),
    ],
)
def test_what_is_no_code_is_refused_before_any_parser(
    language: Language, code: str, kind: ErrorKind, offset: int
) -> None:
    verdict = language.check(code)
    assert (verdict.accepted, verdict.kind, verdict.offset) == (False, kind, offset)


@both
def test_the_longest_text_is_judged_and_a_longer_one_is_not(language: Language) -> None:
    longest = "# a".ljust(language.max_chars, "b")
    assert language.check(longest).accepted
    assert language.check(longest + "b").kind == ErrorKind.TOO_LONG
    assert [token.kind for token in language.tokens(longest + "b")] == [TokenKind.OTHER]


# fmt: off
FRAGMENTS = [
    "if", "x", "$x", "${y}", "@a", "def f(", "lambda", "Get-Item", "-eq", "-Path", "C:\\a", "1", "0x", "1.5e", ".5",
    "=", "==", "+", "-", "*", ".", "..", "::", ":", ",", ";", "|", "&", "&&", "<", ">", ">>", "!", "?", "%", "\\",
    "(", ")", "[", "]", "{", "}", "$(", "@(", "@{", "'", '"', '"""', "f'", '"$(', '@"\n', '\n"@', "#", "<#", "#>",
    "7z", "`", "--%", " ", "\t", "\n", "\r\n", "\r", "\f", "`\n", "\\\n", "\u00a0", "é", "日", "\u2013", "\0", "\ud800",
]
HOSTILE = [
    "(", ")", "[", "{", "f(", "a[", "{1:", "}{", "not ", "-", "1+", "a.", "lambda:", "lambda a=", "$(", "@{a=", "'",
    '"', '"$(', '"""', 'f"{', "\\", "`", "|+", "!;", "a|", "if(1){", "else ", "$a=", "1,", "${", "@(", "<#", '@"\n',
]
# fmt: on
CODE = st.text(st.characters()) | st.lists(st.sampled_from(FRAGMENTS), max_size=40).map("".join)


@both
@given(code=CODE)
def test_any_text_has_a_verdict_lossless_tokens_and_a_sketch(language: Language, code: str) -> None:
    verdict = language.check(code)
    assert verdict.accepted == (verdict.kind is None)
    if verdict.offset is not None:
        assert 0 <= verdict.offset <= len(code)
        before = code[: verdict.offset]
        assert verdict.line == before.count("\n") + 1
        assert verdict.column == len(before) - before.rfind("\n")
    tokens = language.tokens(code)
    assert "".join(token.text for token in tokens) == code
    assert all(token.text and code.startswith(token.text, token.start) for token in tokens)
    assert isinstance(language.sketch(code), str)


def _distances(language: Language, code: str) -> list[int]:
    """How far a "]" in the place of a bracket or a separator brings the tokens of correct code away from it."""
    before = texts(significant(language, code))
    distances = []
    for token in language.tokens(code):
        if token.kind in (TokenKind.BRACKET, TokenKind.SEPARATOR) and token.text != "]":
            broken = code[: token.start] + "]" + code[token.start + len(token.text) :]
            distances.append(token_distance(texts(significant(language, broken)), before))
    return distances


@pytest.mark.parametrize("code", [code for language, code in ACCEPTED if language.name == "python"])
def test_one_edit_of_correct_code_is_one_edit_of_its_tokens(code: str) -> None:
    assert set(_distances(get_language("python"), code)) <= {1}


def test_most_edits_of_correct_powershell_are_one_edit_of_its_tokens_though_the_mode_may_change() -> None:
    codes = [code for language, code in ACCEPTED if language.name == "powershell"]
    distances = [distance for code in codes for distance in _distances(get_language("powershell"), code)]
    assert len(distances) > 100
    assert distances.count(1) > 0.7 * len(distances)
    assert sum(distances) < 2 * len(distances)


@both
def test_hostile_texts_neither_crash_nor_hang_the_interpreter(language: Language) -> None:
    program = f"""
import faulthandler, sys
from validators import get_language
faulthandler.dump_traceback_later(100, exit=True)
language = get_language({language.name!r})
for fragment in {HOSTILE!r}:
    for size in {{language.max_chars, 100_000}}:
        code = fragment * (size // len(fragment))
        language.check(code), language.sketch(code)
print("survived")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=FIXTURES.parents[2])
    assert done.stdout == "survived\n", done.stderr


@pytest.mark.parametrize(
    ("language", "code", "same"),
    [
        ("python", "x=f( 'a',1 )  # note", 'x = f("b", 2.5)'),
        ("python", "if x:\n\tf(1)\n\n\n\tg()", "if x:\n    f(2)  # note\n    g()\n"),
        ("python", "f(\n  1,\n  2)", "f(1, 2)"),
        ("powershell", "get-item -path 'a' | % {$_.name}", 'Get-Item -Path "b $c" | % { $_.Name } # note'),
        ("powershell", "if ($a -eq 1) {\n  2\n\n}", "IF ($A -EQ 9) {\n7\n}\n"),
    ],
)
def test_layout_comments_and_constants_do_not_change_the_sketch(language: str, code: str, same: str) -> None:
    sketch = get_language(language).sketch
    assert sketch(code) == sketch(same)


@pytest.mark.parametrize(
    ("language", "code", "other"),
    [
        ("python", "f(x)", "f(y)"),
        ("python", "f('a')", "f(1)"),
        ("python", "if x:\n    f()\n    g()", "if x:\n    f()\ng()"),
        ("python", "f(x)", "f(x"),
        ("powershell", "$a = 1", "$b = 1"),
        ("powershell", "Get-Item a", "Get-Item -a"),
        ("powershell", "$a\n$b", "$a $b"),
    ],
)
def test_names_structure_and_mistakes_change_the_sketch(language: str, code: str, other: str) -> None:
    sketch = get_language(language).sketch
    assert sketch(code) != sketch(other)


@both
def test_the_parsers_that_decide_are_named_with_their_versions(language: Language) -> None:
    assert language.parsers
    assert all(name and version for name, version in language.parsers.items())
