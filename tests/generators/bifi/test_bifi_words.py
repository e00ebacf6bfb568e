"""Words: what is not edited comes back as it was, and one slip of a person is one edit of words."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from generators.bifi.words import COMMENT, DEDENT, INDENT, NEWLINE, STRING, UNCLOSED, mask, restore
from validators import get_language
from validators.diff import token_distance

PYTHON, POWERSHELL = get_language("python"), get_language("powershell")
LANGUAGES = {"python": PYTHON, "powershell": POWERSHELL}

PIECES = (
    "x", "foo", "if", "def f():", "return", "1", "2.5", "'a b'", '"it\'s"', '"""doc\nmore"""', "'lost", '"lost)', "(",
    ")", "[", "]", "{", "}", ":", ",", ".", "=", "==", "$x", "-Name", "Get-Item", "@{", "$(", "# note", "\n", "\n\n",
    "\r\n", "    ", "  ", "\t", " ", "\\\n", "`\n", "?", "!", "é",
)  # fmt: skip
codes = st.lists(st.sampled_from(PIECES), max_size=25).map("".join)
any_text = st.text(alphabet=st.characters(codec="utf-8"), max_size=60)


def words_of(code: str, language: str = "python") -> tuple[str, ...]:
    masked = mask(LANGUAGES[language], code)
    assert masked is not None
    return masked.words


def edited(code: str, words: list[str] | tuple[str, ...]) -> str | None:
    masked = mask(PYTHON, code)
    assert masked is not None
    return restore(PYTHON, words, masked)


@pytest.mark.parametrize("language", sorted(LANGUAGES))
@given(code=codes | any_text)
def test_unedited_words_give_the_code_back(language: str, code: str) -> None:
    masked = mask(LANGUAGES[language], code)
    assert masked is not None
    assert restore(LANGUAGES[language], masked.words, masked) == code


@given(code=codes, other=codes)
def test_any_words_give_a_text_or_nothing(code: str, other: str) -> None:
    masked = mask(PYTHON, code)
    assert masked is not None
    text = restore(PYTHON, words_of(other), masked)
    assert text is None or isinstance(text, str)


@given(code=codes)
@example(code="$(\\\nx")
def test_a_doubled_bracket_leaves_all_else_but_spaces_as_it_was(code: str) -> None:
    def rest(text: str) -> str:
        return "".join(text.replace("(", "").replace("\\\n", " ").split())  # a continued line is a space

    words = words_of(code)
    for at in [i for i, word in enumerate(words) if word == "("]:
        text = edited(code, [*words[:at], "(", *words[at:]])
        assert text is not None
        assert (rest(text), text.count("(")) == (rest(code), code.count("(") + 1)


def test_words_of_python_are_anonymous_but_for_names_numbers_and_signs() -> None:
    code = "def f(a):  # add\n\n    return a + 1, 'x'\nf(2)\n"
    assert words_of(code) == (
        "def", "f", "(", "a", ")", ":", COMMENT, NEWLINE, INDENT, "return", "a", "+", "1", ",", STRING, NEWLINE,
        DEDENT, "f", "(", "2", ")",
    )  # fmt: skip


def test_words_of_powershell_have_no_indentation() -> None:
    code = "if ($x) {\n    Get-Item -Path 'a'\n}"
    assert words_of(code, "powershell") == (
        "if", "(", "$x", ")", "{", NEWLINE, "Get-Item", "-Path", STRING, NEWLINE, "}",
    )  # fmt: skip


def test_a_dedent_to_no_level_is_a_dedent_and_an_indent() -> None:
    assert words_of("if x:\n    a\n  b") == ("if", "x", ":", NEWLINE, INDENT, "a", NEWLINE, DEDENT, INDENT, "b")


def test_code_beyond_the_lexers_limit_has_no_words() -> None:
    assert mask(PYTHON, "x" * (PYTHON.max_chars + 1)) is None
    assert mask(PYTHON, "x" * PYTHON.max_chars) is not None


@pytest.mark.parametrize(
    ("broken", "fixed", "edits"),
    [
        ("print('hello world)", "print('hello world')", 1),
        ("print(hello world')", "print('hello world')", 3),
        ("print('hello''):\n  x", "print('hello'):\n  x", 1),
        ("f('a (b)", "f('a (b)')", 2),
        ("x = '''abc\ny", "x = '''abc\ny'''", 1),
        ("x = {'a': 1, 'b: 2}", "x = {'a': 1, 'b: 2'}", 1),
        ("foo(a b)", "foo(a, b)", 1),
        ("foo(a,  b]", "foo(a,  b)", 1),
        ("if x\n    y", "if x:\n    y", 1),
        ('print "x %s" % y', 'print("x %s" % y)', 2),
        ("if x:\ny = 1\nz=2", "if x:\n    y = 1\nz=2", 2),
        ("a = (1,\n     2\nb=3", "a = (1,\n     2)\nb=3", 1),
        ("s.a b  # why", "s.a.b  # why", 1),
        ("def f()\n\n    # c\n    return 1 # x\n\n", "def f():\n\n    # c\n    return 1 # x\n\n", 1),
        ("for i in range(3):\n\tif i:\n\tprint(i)", "for i in range(3):\n\tif i:\n\t\tprint(i)", 1),
        ("f(x))  # end", "f(x)  # end", 1),
        ("\n\n  x = [1, 2\n", "\n\n  x = [1, 2]\n", 1),
        ("if a < b and\r\n    c", "if a < b and c", 2),
    ],
)
def test_a_slip_is_few_edits_and_its_repair_gives_the_text_that_was_meant(broken: str, fixed: str, edits: int) -> None:
    words = words_of(fixed)
    assert token_distance(words_of(broken), words) == edits
    assert edited(broken, words) == fixed


@pytest.mark.parametrize(
    ("fixed", "broken"),
    [
        ("foo(a, b)", "foo(a b)"),
        ("x = a.b", "x = a b"),
        ("if x:\n    y\nz", "if x:\n    y\n    z"),
        ("if x:\n    # c\n    y", "if x:\n    # c\ny"),
        ("print('hello')", "print('hello)"),
        ("x = [f'a', 2]", "x = [f'a, 2]"),
    ],
)
def test_a_breaker_changes_what_it_edits_and_nothing_else(fixed: str, broken: str) -> None:
    words = {"print('hello)": ("print", "(", UNCLOSED, ")"), "x = [f'a, 2]": ("x", "=", "[", UNCLOSED, ",", "2", "]")}
    assert edited(fixed, words.get(broken, words_of(broken))) == broken


def test_texts_never_run_together() -> None:
    assert edited("a.b", ("a", "b")) == "a b"
    assert edited("x = f('y')", ("x", "=", "f", STRING)) == "x = f 'y'"
    assert edited("a < (b)", ("a", "<", "=", "b")) == "a < = b"


def test_strings_and_comments_that_move_keep_their_content() -> None:
    assert edited("f('a', 1)", ("f", "(", "1", ",", STRING, ")")) == "f(1, 'a')"
    assert edited("x = 1", ("x", "=", STRING)) == 'x = ""'


@pytest.mark.parametrize(
    "words", [("x", INDENT, "y"), (DEDENT, "x"), ("x", COMMENT, "y"), (INDENT, "x", NEWLINE, DEDENT, DEDENT, "y")]
)
def test_words_that_make_no_text_give_none(words: tuple[str, ...]) -> None:
    assert edited("x = y", words) is None


def test_new_indentation_is_the_snippets_own() -> None:
    code = "if a:\n  b\nif c:\nd"
    words = [*words_of(code)[:-1], INDENT, "d"]
    assert edited(code, words) == "if a:\n  b\nif c:\n  d"
