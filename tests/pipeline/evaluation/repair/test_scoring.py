"""What counts as a repair, by language."""

from __future__ import annotations

import pytest

from pipeline.benchmarks.benchmark import Problem, ProgramTest
from pipeline.evaluation.repair.scoring import Score, Scorer

MEAN = Problem(id="0", broken="=SUM(A1:A10)/COUNT(A1:A10", fixed="=SUM(A1:A10)/COUNT(A1:A10)")


def test_excel_tells_equal_values_from_equal_sketches_as_in_the_papers_example() -> None:
    scorer = Scorer("excel")
    assert scorer.score(MEAN, MEAN.fixed) == Score(True, True, True, "text")
    assert scorer.score(MEAN, "=AVERAGE(A1:A10)") == Score(True, False, True, "execution")
    assert scorer.score(MEAN, "=SUM(A1:A5)/COUNT(A1:A5)") == Score(True, True, False, "execution")


def test_powershell_is_compared_by_its_syntax_tree() -> None:
    problem = Problem(id="0", broken="Get-ChildItem -Path C:\\ -Recurse |", fixed="Get-ChildItem -Path C:\\ -Recurse")
    scorer = Scorer("powershell")
    assert scorer.score(problem, "gci -recurse -path C:\\") == Score(True, False, True, "ast")
    assert scorer.score(problem, "gci -path C:\\").executed is False


PYTHON = Problem(id="0", broken="print(x", fixed=None)


@pytest.mark.parametrize(
    ("text", "accepted", "executed"),
    [
        ("print(x)", True, True),
        ("print(x", False, False),  # the same
        ("print(x,)", True, True),
        ("a = [1, 2, 3, 4]", True, False),  # more than four edits away
        ("print x", False, False),
    ],
)
def test_python_is_judged_by_bifis_rule_and_needs_no_truth(text: str, accepted: bool, executed: bool) -> None:
    score = Scorer("python").score(PYTHON, text)
    assert (score.accepted, score.sketch, score.executed) == (accepted, None, executed)


def test_python_has_a_sketch_match_where_there_is_a_truth() -> None:
    problem = Problem(id="0", broken="print('a'", fixed="print('a')")
    assert Scorer("python").score(problem, "print('b')").sketch is True
    assert Scorer("python").score(problem, "print('b', 1)").sketch is False


DOUBLE = Problem(id="0", broken="print(int(input()) * 2", tests=(ProgramTest("4\n", "8\n"), ProgramTest("-1\n", "-2")))


def test_programs_run_only_where_a_user_asks_for_it_and_a_problem_has_tests() -> None:
    far = "n = input()\nn = int(n)\nprint(n + n)"
    assert Scorer("python").score(DOUBLE, far) == Score(True, None, False, "bifi")
    scorer = Scorer("python", run_tests=True)
    assert scorer.score(DOUBLE, far) == Score(True, None, True, "tests")
    assert scorer.score(DOUBLE, "print(int(input()) * 3)") == Score(True, None, False, "tests")
    assert scorer.score(PYTHON, "print(x)") == Score(True, None, True, "bifi")


def test_no_text_is_a_failure_where_there_could_be_a_success() -> None:
    assert Scorer("excel").score(MEAN, None) == Score(False, False, False)
    assert Scorer("python").score(PYTHON, None) == Score(False, None, False)


def test_nothing_can_be_said_of_a_formula_without_a_truth() -> None:
    scorer, problem = Scorer("excel"), Problem(id="0", broken="=SUM(A1")
    assert not scorer.can_score(problem)
    assert scorer.score(problem, "=SUM(A1)") == Score(True, None, None)
    assert scorer.score(problem, None) == Score(False, None, None)


def test_what_the_parser_refuses_is_not_executed() -> None:
    assert Scorer("excel").score(MEAN, MEAN.broken) == Score(False, False, False, "verdict")


def test_success_is_execution_match_and_sketch_match_only_where_that_cannot_be_told() -> None:
    assert Score(True, sketch=False, executed=True).success
    assert not Score(True, sketch=True, executed=False).success
    assert Score(True, sketch=True, executed=None).success
    assert not Score(True, sketch=None, executed=None).success


def test_each_text_of_a_problem_is_scored_once_and_problems_are_not_confused(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    def is_repair(language: object, broken: str, fixed: str) -> bool:
        calls.append(fixed)
        return broken == "f("

    monkeypatch.setattr("generators.bifi.critic.is_repair", is_repair)
    scorer = Scorer("python")
    problems = [Problem(id="0", broken="f("), Problem(id="0", broken="g(")]
    scores = [scorer.score(problem, "f()").executed for problem in problems * 3]
    assert scores == [True, False] * 3
    assert calls == ["f()", "f()"]


@pytest.mark.parametrize(
    ("language", "run_tests", "name"),
    [
        ("excel", False, "excel-execution"), ("powershell", False, "powershell-ast"),
        ("python", False, "bifi-rule"), ("python", True, "where a problem has tests, else bifi-rule"),
    ],
)  # fmt: skip
def test_the_harness_says_its_name_and_every_version(language: str, run_tests: bool, name: str) -> None:
    scorer = Scorer(language, run_tests=run_tests)
    assert name in scorer.harness["execution"]
    for parser, version in scorer.language.parsers.items():
        assert f"{parser} {version}" in scorer.harness["verdict"]
