"""What Excel accepts at entry, what it refuses and why, and that no text makes the language raise."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from validators import ErrorKind, TokenKind, get_language

EXCEL = get_language("excel")
FIXTURES = Path(__file__).parent / "fixtures" / "excel"


def _snippets(folder: Path) -> list[str]:
    texts = [path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.txt"))]
    return [snippet for text in texts for snippet in text.removesuffix("\n").split("\n")]


ACCEPTED = _snippets(FIXTURES / "accepted")
REJECTED = [
    (folder.name, snippet) for folder in sorted((FIXTURES / "rejected").iterdir()) for snippet in _snippets(folder)
]


@pytest.mark.parametrize("code", ACCEPTED)
def test_what_excel_takes_is_accepted(code: str) -> None:
    verdict = EXCEL.check(code)
    assert verdict.accepted, verdict
    assert verdict.kind is verdict.message is verdict.offset is None


@pytest.mark.parametrize(("kind", "code"), REJECTED)
def test_what_excel_refuses_is_rejected_for_that_reason(kind: str, code: str) -> None:
    verdict = EXCEL.check(code)
    assert not verdict.accepted
    assert verdict.kind == ErrorKind(kind), verdict
    assert verdict.message and "\n" not in verdict.message
    assert "formualizer" not in verdict.message, "the strict layer should say it in human words"
    assert verdict.offset is not None and 0 <= verdict.offset <= len(code)


@pytest.mark.parametrize(
    ("code", "offset"),
    [
        ("=SUM(A1:A3", 4),  # the bracket that nothing closes
        ("=SUM(A1))", 8),
        ('=1+"abc', 3),
        ("=A1==B1", 3),
        ("=A1+", 4),  # the end
        ("=1+$B$B", 3),
        ("=2*SUM(A1:10)", 7),
        ("=1+ROUND(A1)", 3),  # the function
        ('=1+COUNTIF(A1, B1)+COUNTIF( "x",A1)', 28),  # the argument
        ("={1,2;3}", 7),
        ("=IF(A1>1;2;3)", 8),
    ],
)
def test_the_offset_is_that_of_the_mistake(code: str, offset: int) -> None:
    assert EXCEL.check(code).offset == offset


def test_line_and_column_count_from_one_across_line_breaks() -> None:
    verdict = EXCEL.check("=IF(A1>1,\n  B1==2,\n  0)")
    assert (verdict.line, verdict.column) == (2, 5)


def test_white_space_may_break_a_formula_into_lines() -> None:
    assert EXCEL.check("=IF(\n\tA1>1,\r\n\t2,\n\t3\n)\n").accepted


def test_messages_name_what_is_meant() -> None:
    assert EXCEL.check("=A1!=B1").message == "!= is no operator of Excel; <> is"
    assert EXCEL.check("=ROUND(A1)").message == "ROUND takes 2 arguments, not 1"
    assert EXCEL.check("=Sheet 1!A1").message == "a sheet name with a space stands in quotes: 'Sheet 1'!"


def test_a_formula_may_be_as_long_as_excel_allows_and_no_longer() -> None:
    longest = "=A" + "+A1" * 2730
    assert len(longest) == EXCEL.max_chars == 8192
    assert EXCEL.check(longest).accepted
    assert EXCEL.check(longest + "0").kind == ErrorKind.TOO_LONG


def test_sixty_four_levels_are_accepted_and_sixty_five_are_too_deep() -> None:
    assert EXCEL.check("=" + "ABS(" * 64 + "1" + ")" * 64).accepted
    assert EXCEL.check("=" + "ABS(" * 65 + "1" + ")" * 65).kind == ErrorKind.TOO_DEEP


def test_limits_of_the_second_parser_do_not_refuse_what_excel_takes() -> None:
    assert EXCEL.check("=" + "+".join(["A1"] * 1000)).accepted
    assert EXCEL.check("=" + "-" * 100 + "1").accepted


@pytest.mark.parametrize("code", ["=A1\x00", "=A1\ud800", '="\ud800"', "\x00", "=A1\uffff"])
def test_what_is_no_text_is_refused_for_its_encoding(code: str) -> None:
    assert EXCEL.check(code).kind == ErrorKind.ENCODING


@pytest.mark.parametrize("code", ["", " ", "\n", "=", " = "])
def test_nothing_is_no_formula(code: str) -> None:
    assert EXCEL.check(code).kind == ErrorKind.EMPTY


@pytest.mark.parametrize(
    "code",
    [
        "=" + "(" * 100_000,
        "=" + ")" * 100_000,
        "=" + "{" * 100_000,
        "=" + "[" * 100_000,
        "=T" + "[@" * 100_000,
        "=" + "'" * 100_000,
        "=" + '"' * 100_001,
        "=" + "A1:" * 100_000,
        "=" + "1." * 100_000,
        "=" + "-" * 100_000,
        "=" + " " * 100_000,
        "a" * 1_000_000,
        "=" + "\u202e\u2066" * 1000,
    ],
)
def test_hostile_texts_get_a_verdict_tokens_and_a_sketch(code: str) -> None:
    for text in (code, code[:8000]):
        assert not EXCEL.check(text).accepted
        assert "".join(token.text for token in EXCEL.tokens(text)) == text
        assert EXCEL.sketch(text)


# fmt: off
FRAGMENTS = [
    "=", "SUM(", "IF(", "LET(", "LAMBDA(", "(", ")", "{", "}", "[", "]", "T[", "[@", "#All", ",", ";", ":", "A1", "$A",
    "$1", "$B$B", "A:A", "1:2", "A", "1", "1E5", ".5", '"', '"x"', "'", "'a b'!", "Sheet1!", "!", "#", "#N/A", "@", "%",
    "<>", "&", "-", "+", ".", "_", "x", "x,", "TRUE", "\\", "?", "é", "\u201c", "\u202e", " ", "\n", "\x00", "\ud800",
]
# fmt: on
FORMULAS = st.lists(st.sampled_from(FRAGMENTS), max_size=30).map(lambda fragments: "=" + "".join(fragments))


@given(st.text() | FORMULAS)
@settings(max_examples=300, deadline=None)
def test_any_text_has_a_verdict_lossless_tokens_and_a_sketch(code: str) -> None:
    verdict = EXCEL.check(code)
    assert verdict.accepted == (verdict.kind is None)
    tokens = EXCEL.tokens(code)
    assert "".join(token.text for token in tokens) == code
    assert all(code.startswith(token.text, token.start) for token in tokens)
    assert isinstance(EXCEL.sketch(code), str)


PLAIN = [code for code in ACCEPTED if not set(code) & set("\"'[")]  # without literal text


@pytest.mark.parametrize("code", PLAIN)
def test_spaces_and_letter_case_change_neither_verdict_nor_sketch(code: str) -> None:
    spaced = code.replace(",", " , ").replace(")", " )")
    for same in (spaced, code.lower()):
        assert EXCEL.check(same).accepted
        assert EXCEL.sketch(same) == EXCEL.sketch(code)


def test_tokens_have_the_kinds_that_operators_and_sketches_rely_on() -> None:
    code = '=SUM(\'My sheet\'!$A$1:B2,Rate%) <> IF(A1#,"a""b",{1;2.5E3})&T[[#All],[Net pay]]+#N/A+B:C!'
    kinds = {token.text: token.kind for token in EXCEL.tokens(code)}
    assert kinds == {
        "=": TokenKind.OPERATOR,
        "SUM": TokenKind.FUNCTION,
        "IF": TokenKind.FUNCTION,
        "'My sheet'!": TokenKind.SHEET,
        "$A$1": TokenKind.REFERENCE,
        "B2": TokenKind.REFERENCE,
        "A1": TokenKind.REFERENCE,
        ":": TokenKind.OPERATOR,
        "#": TokenKind.OPERATOR,
        "%": TokenKind.OPERATOR,
        "<>": TokenKind.OPERATOR,
        "&": TokenKind.OPERATOR,
        "+": TokenKind.OPERATOR,
        ",": TokenKind.SEPARATOR,
        ";": TokenKind.SEPARATOR,
        "Rate": TokenKind.NAME,
        "T": TokenKind.NAME,
        "#All": TokenKind.NAME,
        "Net pay": TokenKind.NAME,
        '"a""b"': TokenKind.STRING,
        "1": TokenKind.NUMBER,
        "2.5E3": TokenKind.NUMBER,
        "#N/A": TokenKind.OTHER,
        "B:C!": TokenKind.SHEET,
        " ": TokenKind.SPACE,
        **dict.fromkeys("(){}[]", TokenKind.BRACKET),
    }


@pytest.mark.parametrize(
    ("code", "texts"),
    [
        ("=A:$B", ["=", "A", ":", "$B"]),
        ("=$1:20", ["=", "$1", ":", "20"]),
        ("=A1:B2", ["=", "A1", ":", "B2"]),
        ("=$B$B+A$1$", ["=", "$B$B", "+", "A$1$"]),
    ],
)
def test_the_ends_of_a_range_are_references_apart_from_the_colon(code: str, texts: list[str]) -> None:
    tokens = EXCEL.tokens(code)
    assert [token.text for token in tokens] == texts
    assert {token.kind for token in tokens[1::2]} == {TokenKind.REFERENCE}


def test_a_wrong_comparison_is_one_token() -> None:
    assert [token.text for token in EXCEL.tokens("=A1!=B1=>C1")] == ["=", "A1", "!=", "B1", "=>", "C1"]


def test_an_unterminated_string_runs_to_the_end() -> None:
    last = EXCEL.tokens('=IF(A1="x"",1,2)')[-1]
    assert (last.text, last.kind) == ('"x"",1,2)', TokenKind.STRING)


@pytest.mark.parametrize(
    ("code", "sketch"),
    [
        ("SUM(A1:A10)/COUNT(A1:A10)", "SUM(:)/COUNT(:)"),  # the paper's example
        ("SUM(A1:A5)/COUNT(A1:A5)", "SUM(:)/COUNT(:)"),
        ("AVERAGE(A1:A10)", "AVERAGE(:)"),
        ("=sum(A:A) + Sum($1:2)", "=SUM(:)+SUM(:)"),
        ("=IF(A1>5,\"x\",'My sheet'!B2)", "=IF(ref>num,str,sheet!ref)"),
        ("=Sheet1!A1:Sheet1!B2", "=sheet!:sheet!"),
        ("=SUM (A1)", "=SUM(ref)"),
        ("=Rate*{1,2}", "=RATE*{num,num}"),
        ('=IF(A1="x,1', "=IF(ref=str"),
        ("=SUM(A1:10", "=SUM(:num"),
    ],
)
def test_sketches_keep_the_shape_and_drop_the_constants(code: str, sketch: str) -> None:
    assert EXCEL.sketch(code) == sketch


def test_a_reference_a_string_a_number_and_nothing_have_four_sketches() -> None:
    assert len({EXCEL.sketch(f"=F({argument})") for argument in ("A1", '"A1"', "1", "")}) == 4


def test_the_parsers_that_decide_are_named_with_their_versions() -> None:
    assert EXCEL.parsers["formualizer"] == version("formualizer")
    assert EXCEL.parsers["repairgen-excel"]
    assert EXCEL.name == "excel"
