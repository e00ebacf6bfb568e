"""Which Excel formulas do the same, which do not, and what decides; that no formula stops the harness."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import RunError
from validators import get_language
from validators.excel.execution import HARNESS, execution_match, guard, harness

EXCEL = get_language("excel")
FIXTURES = Path(__file__).parent / "fixtures" / "excel" / "accepted"
MEAN = "=SUM(A1:A10)/COUNT(A1:A10)"

EQUAL = [
    (MEAN, "=AVERAGE(A1:A10)"),
    ("=A1*(B1+C1)", "=A1*B1+A1*C1"),
    ("=IF(A1>5,B1,C1)", "=IF(A1<=5,C1,B1)"),
    ("=VLOOKUP(A1,B:D,3,FALSE)", "=INDEX(D:D,MATCH(A1,B:B,0))"),
    ('=SUMIF(A2:A20,">10",B2:B20)', '=SUMIFS(B2:B20,A2:A20,">10")'),
    ("=COUNTIF(Sheet2!A:A,A1)", "=COUNTIF('SHEET2'!$A:$A,$A$1)+0"),
    ("='My sheet'!A1&B1", "=CONCATENATE('my sheet'!A1,B1)"),
    ("=SUM('[Book.xlsx]It''s'!A1:A3)", "=SUM('[book.xlsx]it''s'!A1,'[Book.xlsx]It''s'!A2:A3)"),
    ("=Price*(1+Rate)", "=Price+Price*Rate"),
    ("=SUM(Sales[Price])", "=SUM(Sales[[Price]])+0"),
    ("=[@Price]*[@Count]", "=[@Count]*[@Price]"),
    ("=LET(x,A1+1,x*x)", "=(A1+1)^2"),
    ("=A1:A3*2", "=2*A1:A3"),
    ("=SUM(A1:INDEX(A:A,3))", "=SUM(A1,A2:A3)"),
    ("=SUM(OFFSET(A1,0,0,3,1))", "=SUM(A1:A3)"),
    ('=INDIRECT("C20")', "=(C20)"),
    ("=NOW()-TODAY()", "=MOD(NOW(),1)"),
    ("=RAND()+RAND()", "=2*RAND()"),
    ("=TODAY()-A1>30", "=A1+30<TODAY()"),
    ("=IFERROR(A1/B1,0)", "=IF(ISERROR(A1/B1),0,A1/B1)"),
]

DIFFERENT = [
    (MEAN, "=SUM(A1:A5)/COUNT(A1:A5)"),
    ('=IF(A1>=10,"x","y")', '=IF(A1>10,"x","y")'),
    ('=IF(A1="north",1,2)', '=IF(A1="south",1,2)'),
    ('=IF(A1="a",1,IF(A1="b",2,IF(A1="c",3,4)))', '=IF(A1="a",1,IF(A1="b",2,IF(A1="c",5,4)))'),
    ('=IF(A1="","",B1)', '=IF(A1=0,"",B1)'),
    ("=IF(A1=TRUE,1,2)", "=IF(A1=FALSE,1,2)"),
    ('=IFERROR(A1,"")', "=A1"),
    ("=ISNA(A1)", "=ISERROR(A1)"),
    ("=A1>DATE(2020,1,1)", "=A1>=DATE(2020,1,1)"),
    ('=COUNTIF(A:A,">10")', '=COUNTIF(A:A,">=10")'),
    ('=COUNTIF(A:A,"ab*")', '=COUNTIF(A:A,"ab")'),
    ("=MATCH(7,A1:A9,0)", "=MATCH(8,A1:A9,0)"),
    ("=VLOOKUP(A1,B:D,3,FALSE)", "=VLOOKUP(A1,B:D,2,FALSE)"),
    ("=VLOOKUP(A1,B1:D20,2,FALSE)", "=VLOOKUP(A1,B1:D20,2,TRUE)"),
    ("=SUM(A1:A1000)", "=SUM(A1:A900)"),
    ("=MAX(A1:A1000)", "=MAX(A1:A999)"),
    ("=MIN(A2:A9,C2:C9)", "=MIN(A2:A9,C2:C8)"),
    ("=SUM(A:A)", "=SUM(B:B)"),
    ("=SUM(1:1)", "=SUM(2:2)"),
    ("=SUM(Rate)", "=MAX(Rate)"),
    ("=Rate+1", "=Rates+1"),
    ("=SUM(Sales[Price])", "=SUM(Sales[Count])"),
    ("=Sales[@Price]", "=Costs[@Price]"),
    ("=Sheet1!A1", "=Sheet2!A1"),
    ("=[A.xlsx]S!A1", "=[B.xlsx]S!A1"),
    ('=INDIRECT("C20")', '=INDIRECT("C21")'),
    ("=OFFSET(A1,10,0)", "=OFFSET(A1,11,0)"),
    ("=ROUND(A1,2)", "=ROUND(A1,3)"),
    ("=A1:A3", "=A1:A2"),
    ("=RAND()>0.5", "=TRUE"),
    ("=YEAR(TODAY())", "=2024"),
    ("=A1&B1", "=B1&A1"),
    ('=TEXT(A1,"0.0")', '=TEXT(A1,"0.00")'),
    ("=VALUE(A1)", "=A1"),
    ("=LEFT(A1,3)", "=RIGHT(A1,3)"),
]

SAME_TREE = [
    ("=MYFUNCTION((A1),1.50)", "=myfunction($A$1, 1.5)", "MYFUNCTION is not run"),
    ('=HYPERLINK("u",(A1))', '=HYPERLINK("u",A1)', "HYPERLINK is not run"),
    ("=SUM((A1:B2 B1:C3))", "=SUM(A1:B2 B1:C3)", "a space that intersects references is not run"),
    ("=SUM(((A1,B1)))", "=SUM((A1,B1))", "the engine answers NImpl"),
    ("=SUM((S1:S3!A1))", "=SUM(S1:S3!A1)", "S1:S3! joins several sheets"),
    ("=(A1#)", "=A1#", "# is not run"),
    ("=1/(0)", "=1/0", "nothing but errors on 8 sheets"),
]


@pytest.fixture
def new_child() -> Iterator[None]:
    """A test may change the limits of the engine's process; the tests after it get another process."""
    guard._child.cache_clear()
    yield
    guard._child.cache_clear()


def test_the_papers_example_tells_execution_from_sketch() -> None:
    by_value, by_shape = "=AVERAGE(A1:A10)", "=SUM(A1:A5)/COUNT(A1:A5)"
    assert execution_match(MEAN, by_value).equal and EXCEL.sketch(MEAN) != EXCEL.sketch(by_value)
    assert not execution_match(MEAN, by_shape).equal and EXCEL.sketch(MEAN) == EXCEL.sketch(by_shape)


@pytest.mark.parametrize(("left", "right"), EQUAL)
def test_formulas_of_equal_value_match_by_execution(left: str, right: str) -> None:
    comparison = execution_match(left, right)
    assert comparison.equal and comparison.method == "execution", comparison


@pytest.mark.parametrize(("left", "right"), DIFFERENT)
def test_formulas_that_differ_somewhere_do_not_match(left: str, right: str) -> None:
    comparison = execution_match(left, right)
    assert not comparison.equal and comparison.method == "execution", comparison
    assert execution_match(right, left).equal is False


@pytest.mark.parametrize("right", ["=sum( a1:B2 )*2", "=SUM($A$1:B$2)*2", "=SUM (A1:B2)\n*2"])
def test_case_space_and_dollar_signs_are_the_same_text(right: str) -> None:
    assert execution_match("=SUM(A1:B2)*2", right).method == "text"
    assert execution_match("=SUM(A1:B2)*2", right).equal


def test_the_case_of_a_string_counts() -> None:
    assert not execution_match('="a"', '="A"').equal


@pytest.mark.parametrize(("left", "right", "reason"), SAME_TREE)
def test_what_cannot_be_run_is_compared_by_its_tree(left: str, right: str, reason: str) -> None:
    comparison = execution_match(left, right)
    assert (comparison.equal, comparison.method, comparison.detail) == (True, "ast", reason)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("=MYFUNCTION(A1)", "=MYFUNCTION(A2)"),
        ("=MYFUNCTION(1-(2-3))", "=MYFUNCTION(1-2-3)"),
        ("=MYFUNCTION({1,2;3,4})", "=MYFUNCTION({1,2,3,4})"),
        ('=MYFUNCTION("1")', "=MYFUNCTION(1)"),
        ('=HYPERLINK("u","caption")', '=HYPERLINK("v","caption")'),
        ("=MYFUNCTION(A1)", "=A1"),
        ("=1/0", "=2/0"),
    ],
)
def test_other_trees_do_not_match(left: str, right: str) -> None:
    comparison = execution_match(left, right)
    assert not comparison.equal and comparison.method == "ast", comparison


@pytest.mark.parametrize(("left", "right"), [("=SUM(A1", "=SUM(A1"), ("=SUM(A1)", "=SUM(A1"), ("=SUM(A1", "=SUM(A1)")])
def test_a_formula_that_is_not_accepted_matches_nothing(left: str, right: str) -> None:
    comparison = execution_match(left, right)
    assert not comparison.equal and "is not accepted" in comparison.detail


def test_fewer_than_one_sheet_is_refused() -> None:
    with pytest.raises(ValueError, match="sheets is 0"):
        execution_match("=A1", "=A2", sheets=0)


def test_the_harness_names_its_version_and_its_engine() -> None:
    assert harness().startswith(f"{HARNESS} (formualizer ")


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.txt")), ids=lambda path: path.stem)
def test_accepted_formulas_equal_themselves_in_parentheses(path: Path) -> None:
    for code in path.read_text(encoding="utf-8").removesuffix("\n").split("\n"):
        respelled = f"=({code[1:]})"
        if EXCEL.check(respelled).accepted:
            comparison = execution_match(code, respelled)
            assert comparison.method != "text"
            assert comparison.equal or "intersects" in comparison.detail, (code, comparison)  # not read by formualizer


@pytest.mark.parametrize(
    "code",
    [
        "=SUM(A:XFD)",
        "=SUM(1:1048576)",
        "=COUNTIF(1:1,A2)",
        "=SUMPRODUCT((A1:A1048576>1)*(B1:B1048576<3))",
        "=SEQUENCE(1048576,16384)",
        '=REPT("abc",1E9)',
        "=XFD1048576",
        "=SUM(" + ",".join(f"A{row}:Z{row + 20}" for row in range(1, 3000, 30)) + ")",
        "=" + "+".join(["A1"] * 250),
        "=LET(f,LAMBDA(g,g(g)),f(f))",
        '=INDIRECT("XFD9999999")',
    ],
)
def test_huge_formulas_are_answered(code: str) -> None:
    comparison = execution_match(code, f"=({code[1:]})")
    assert comparison.equal and comparison.method in ("execution", "ast")


@pytest.mark.parametrize(
    "code",
    ["=CUMIPMT(0.01,1E12,100,1,1E12,0)", '=LEN(SUBSTITUTE(REPT("a",32767),"a",REPT("b",32767)))'],
    ids=["hours of work", "gigabytes of text"],
)
def test_an_engine_that_passes_its_limits_is_ended_and_replaced(
    code: str, new_child: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "CPU_SECONDS", 0)
    monkeypatch.setattr(guard, "MEMORY_BYTES", 1 << 29)
    equal, detail = guard.run_guarded(code, f"=0+{code[1:]}", 8, 0)
    assert equal is None and "limit" in detail
    assert guard.run_guarded(MEAN, "=AVERAGE(A1:A10)", 8, 0)[0] is True


def test_an_engine_that_died_between_comparisons_is_replaced_unseen(new_child: None) -> None:
    assert guard.run_guarded("=A1", "=A2", 8, 0)[0] is False
    process = guard._child(os.getpid())._process
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert guard.run_guarded("=A1", "=A1*1", 8, 0)[0] is True


def test_an_engine_that_does_not_start_is_reported(new_child: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "_PROGRAM", "raise SystemExit")
    with pytest.raises(RunError, match="does not start"):
        guard.run_guarded("=A1", "=A2", 8, 0)


def test_threads_get_the_answers_to_their_own_questions() -> None:
    questions = [(f"=A{row}", f"=A{row + row % 2}*1") for row in range(1, 41)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda pair: execution_match(*pair).equal, questions))
    assert answers == [row % 2 == 0 for row in range(1, 41)]


def test_another_process_gives_the_same_answers_to_the_letter() -> None:
    program = (
        "import json, sys; from validators.excel.execution import execution_match as match;"
        "print(json.dumps([match(*pair).detail for pair in json.load(sys.stdin)]))"
    )
    pairs = [*EQUAL, *DIFFERENT]
    answers = [
        json.loads(
            subprocess.run(
                [sys.executable, "-c", program],
                input=json.dumps(pairs),
                env={**os.environ, "PYTHONHASHSEED": seed},
                cwd=Path(__file__).parents[2],
                capture_output=True,
                check=True,
                text=True,
            ).stdout
        )
        for seed in ("1", "2")
    ]
    assert answers[0] == answers[1] == [execution_match(*pair).detail for pair in pairs]


CELLS = st.sampled_from(["A1", "$B$2", "C3", "A1:A4", "B:B", "Data!C1", "Rate", "Sales[Price]", "[@Price]"])
LITERALS = st.sampled_from(["1", "10", "0.5", '"x"', '""', "TRUE", "#N/A", "TODAY()"])
EXPRESSIONS = st.recursive(
    CELLS | LITERALS,
    lambda inner: (
        st.builds("({}{}{})".format, inner, st.sampled_from("+-*/&=<>"), inner)
        | st.builds("IF({},{},{})".format, inner, inner, inner)
        | st.builds("{}({},{})".format, st.sampled_from(["SUM", "MAX", "COUNT", "IFERROR", "MATCH"]), inner, inner)
    ),
    max_leaves=6,
)


@settings(max_examples=60)
@given(EXPRESSIONS, EXPRESSIONS)
def test_the_answer_does_not_depend_on_the_order(left: str, right: str) -> None:
    one, other = execution_match(f"={left}", f"={right}"), execution_match(f"={right}", f"={left}")
    assert (one.equal, one.method) == (other.equal, other.method)


@settings(max_examples=60)
@given(EXPRESSIONS)
def test_a_formula_equals_itself_however_it_is_spelled(code: str) -> None:
    assert execution_match(f"={code}", f"=({code})").equal
