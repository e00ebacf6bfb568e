"""What CPython says of Python snippets: where, of what kind, and with nothing run, printed or hung."""

from __future__ import annotations

import io
import subprocess
import sys
import tokenize
import warnings
from pathlib import Path

import pytest

from validators import ErrorKind, TokenKind, Verdict, get_language
from validators.python import parse_cst
from validators.python.depth import nesting

PYTHON = get_language("python")
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("code", "offset"),
    [
        ("print((1 + 2)", 5),  # the bracket that nothing closes
        ("é = (1", 4),
        ("é = 'abc", 4),
        ("x = 1\r\ny = é é", 13),
        ("x = 1\ry = )", 10),  # a lone carriage return ends a line for CPython
        ("é = 1; return", 7),  # found by the compiler, which counts bytes
        ("é = 1\n'日本'; break", 12),
        ("def f(é, é): pass", 9),
        ("  x = 1", 2),
        ("if x:\n    a\n  b", 14),
        ("x =\ny", 3),
        ("@decorator", 10),  # the end
    ],
)
def test_the_offset_is_that_of_the_mistake_in_characters(code: str, offset: int) -> None:
    assert PYTHON.check(code).offset == offset


@pytest.mark.parametrize(
    ("code", "mistake"), [("x = 1\nprint('é', f'{a b}')", "a b"), ("f'''\n{x}\n{a b}'''", "a b"), ("f'é{a $}'", "$")]
)
def test_a_mistake_in_an_f_string_is_found_there(code: str, mistake: str) -> None:
    verdict = PYTHON.check(code)
    assert verdict.offset == code.index(mistake)
    assert verdict.line == code[: verdict.offset].count("\n") + 1


@pytest.mark.parametrize("code", ["x is 5", "'\\d'", "1 if x else 2()", "assert (x, 'always true')", "[1](2)"])
def test_warnings_of_a_snippet_are_neither_shown_nor_held_against_it(code: str) -> None:
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("error")
        assert PYTHON.check(code).accepted
        filters = list(warnings.filters)
        assert PYTHON.check(code).accepted
        assert warnings.filters == filters, "the filter is installed once"
    assert not shown


def test_an_interpreter_that_makes_errors_of_warnings_judges_alike() -> None:
    program = "from validators import get_language; print(get_language('python').check('x is 5').accepted)"
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, cwd=ROOT)
    assert (done.stdout, done.stderr) == ("True\n", "")


def test_nothing_is_run(tmp_path: Path) -> None:
    assert PYTHON.check(f"open({str(tmp_path / 'made')!r}, 'w').close()\nraise SystemExit(3)").accepted
    assert not (tmp_path / "made").exists()


def _at_depth(depth: int, code: str) -> Verdict:
    return PYTHON.check(code) if depth == 0 else _at_depth(depth - 1, code)


@pytest.mark.parametrize("code", ["-" * 490 + "1", "1" + "+1" * 490, "x" + ".y" * 490, "not " * 490 + "x"])
def test_a_verdict_does_not_depend_on_how_deep_its_caller_is(code: str) -> None:
    assert PYTHON.check(code).accepted
    assert _at_depth(500, code).accepted


@pytest.mark.parametrize(
    "code",
    [
        "-" * 600 + "1",
        "1" + "+1" * 600,
        "lambda: " * 600 + "x",
        "if a: b\n" + "elif a: b\n" * 600,
        'f"{1' + "+1" * 600 + '}"',
        "x = f(1, 2, (" + "not " * 600 + "y))",
    ],
)
def test_what_is_nested_too_deeply_is_refused_before_it_is_parsed(code: str) -> None:
    assert PYTHON.check(code).kind == ErrorKind.TOO_DEEP


def test_long_and_flat_is_not_deep() -> None:
    assert PYTHON.check("x = [" + "a + 1, " * 1000 + "]").accepted
    assert PYTHON.check("a += 1\n" * 1000).accepted
    assert PYTHON.check("a += 1; " * 1000).accepted


def test_depth_is_counted_within_a_statement() -> None:
    def depth(code: str) -> int:
        return nesting(PYTHON.tokens(code))[0]

    assert depth("x") == 0
    assert depth("((x))") == depth("((x), (x))\n((x))") == 2
    assert depth("f(a + b, c + d)") == depth("f(a + b)") < depth("f(a + b + c)")
    assert depth('f"{a + b}"') == depth("(a + b)")


@pytest.mark.parametrize(
    "code",
    [
        "x = 1  # note\n",
        'def f(a, *b, c: int = 0x1F, **d) -> str:\n    """Says."""\n\n    return rf"{a!r}\\n" + b\'\\x00\' * .5e-3j\n',
        "if a:\n\tb = [\n  1,\n\n# c\n 2]\n\n# d\n\tc = \\\n   3\nd\n",
        "x = '''a'b''c''' \"\"\"d\\\"\"\"\" 'e\\'' ''\n",
        "a @= b ** -c // d >> 1_000 != (e := ...)\nf.g[1:2, ::3] |= ~h; i = lambda *_: j\n",
        "é = 日本 if 1if 1else 2 else 3.\n",
    ],
)
def test_correct_code_is_cut_as_the_standard_library_cuts_it(code: str) -> None:
    layout = (tokenize.NEWLINE, tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
    standard = [t.string for t in tokenize.generate_tokens(io.StringIO(code).readline) if t.type not in layout]
    own = (TokenKind.SPACE, TokenKind.INDENT, TokenKind.NEWLINE)
    assert [t.text for t in PYTHON.tokens(code) if t.kind not in own] == standard


def test_tokens_have_the_kinds_that_operators_and_sketches_rely_on() -> None:
    code = 'def f(x):\n    return g(x.y, "s", 1) # c\n  # d\n  \n$'
    assert [(t.text, t.kind) for t in PYTHON.tokens(code) if t.text != " "] == [
        ("def", TokenKind.KEYWORD),
        ("f", TokenKind.NAME),  # introduced, not called
        ("(", TokenKind.BRACKET),
        ("x", TokenKind.NAME),
        (")", TokenKind.BRACKET),
        (":", TokenKind.SEPARATOR),
        ("\n", TokenKind.NEWLINE),
        ("    ", TokenKind.INDENT),
        ("return", TokenKind.KEYWORD),
        ("g", TokenKind.FUNCTION),
        ("(", TokenKind.BRACKET),
        ("x", TokenKind.NAME),
        (".", TokenKind.OPERATOR),
        ("y", TokenKind.NAME),
        (",", TokenKind.SEPARATOR),
        ('"s"', TokenKind.STRING),
        (",", TokenKind.SEPARATOR),
        ("1", TokenKind.NUMBER),
        (")", TokenKind.BRACKET),
        ("# c", TokenKind.COMMENT),
        ("\n", TokenKind.NEWLINE),
        ("  ", TokenKind.SPACE),  # before a comment alone on its line, indentation has no meaning
        ("# d", TokenKind.COMMENT),
        ("\n", TokenKind.NEWLINE),
        ("  ", TokenKind.SPACE),
        ("\n", TokenKind.NEWLINE),
        ("$", TokenKind.OTHER),
    ]


@pytest.mark.parametrize(
    ("code", "strings"),
    [
        ("print('a, b)\nc = 'd'", ["'a, b)", "'d'"]),  # a plain string ends with its line
        ('x = """a\nb = "c"', ['"""a\nb = "c"']),  # a long one goes on
        (r"'a\'b' 'c\\' 'd", [r"'a\'b'", r"'c\\'", "'d"]),
        ("'a\\\nb'", ["'a\\\nb'"]),
    ],
)
def test_strings_run_to_their_quote_or_to_the_end_of_what_can_belong_to_them(code: str, strings: list[str]) -> None:
    assert [t.text for t in PYTHON.tokens(code) if t.kind is TokenKind.STRING] == strings


def test_the_sketch_of_a_function_reads_like_one() -> None:
    body = [
        '    """Doc."""',
        "    # why",
        "    if x > 1.5:",
        "        return [",
        "            x,",
        "  'a']",
        "    return -1",
    ]
    code = "\n".join(["def f(x):", *body, ""])
    assert PYTHON.sketch(code).split("\n") == [
        "def f ( x ) :",
        " <string>",
        " if x > <number> :",
        "  return [ x , <string> ]",
        " return - <number>",
    ]


def test_the_concrete_tree_keeps_every_character() -> None:
    code = "x = f( 1,2 )  # note\n\n\nif x :\n\ty\n"
    tree = parse_cst(code)
    assert not isinstance(tree, Verdict)
    assert tree.code == code


@pytest.mark.parametrize(
    ("code", "kind"),
    [("f(", ErrorKind.UNBALANCED), ("", ErrorKind.EMPTY), ("1" + "+1" * 200, ErrorKind.TOO_DEEP)],
)
def test_without_a_concrete_tree_there_is_a_verdict(code: str, kind: ErrorKind) -> None:
    verdict = parse_cst(code)
    assert isinstance(verdict, Verdict)
    assert verdict.kind == kind


def test_what_crashes_or_hangs_libcst_never_reaches_it() -> None:
    program = """
import faulthandler
from validators.python import parse_cst
faulthandler.dump_traceback_later(100, exit=True)
for many in (140, 199, 499, 3_000, 100_000):
    for first, middle, last in [
        ("[", "", "]"), ("(", "", ")"), ("{1:", "1", "}"), ("f(", "x", ")"), ("not ", "x", ""), ("lambda: ", "x", ""),
        ("lambda a=", "1", ":1"), ("1+", "1", ""), ("x", "", "[0]"), ('f"{', "x", '}"'), ("a if b else ", "c", ""),
    ]:
        parse_cst(first * many + middle + last * many)
print("survived")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout == "survived\n", done.stderr
