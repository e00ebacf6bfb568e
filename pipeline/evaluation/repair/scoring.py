"""Whether a proposal solves a problem: sketch match and execution match, and by which harness.

- Sketch match (paper, section 4.1): the sketches of proposal and truth are equal. Where a benchmark has no truth there
  is none, also for Python, where the paper prints one all the same without saying what it is.
- Execution match, which the paper does not define further:
  Excel by `validators.excel.execution` (both formulas evaluated on random typed sheets), PowerShell by
  `validators.powershell.equivalence` (equality of normalised syntax trees; nothing is ever run), Python by BIFI's rule
  `generators.bifi.critic.is_repair` (the parser accepts the text, 1 to 4 edits of a word away; needs no truth), or by
  the problem's tests in `validators.python.sandbox` where a user asks for it.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.benchmarks.benchmark import Problem
from validators import get_language
from validators.comparison import Comparison

BIFI_RULE = "bifi-rule 1"


@dataclass(frozen=True, slots=True)
class Score:
    """What a proposal is worth."""

    accepted: bool  # by the validator
    sketch: bool | None  # None: there is no truth
    executed: bool | None  # None: there is nothing to compare with
    method: str | None = None  # that decided `executed`

    @property
    def success(self) -> bool:
        """Execution match where it can be told, else sketch match."""
        return bool(self.sketch if self.executed is None else self.executed)


class Scorer:
    """Scores proposals of one language; each distinct one once."""

    def __init__(self, language: str, *, run_tests: bool = False) -> None:
        """``run_tests`` lets Python programs run, in a sandboxed process, where a problem has tests."""
        self.language = get_language(language)
        self.run_tests = run_tests
        self._scores: dict[tuple[Problem, str], Score] = {}

    @property
    def harness(self) -> dict[str, str]:
        """Names and versions of what decides; part of every result."""
        parsers = ", ".join(f"{name} {version}" for name, version in self.language.parsers.items())
        match self.language.name:
            case "excel":
                from validators.excel import execution

                decides = execution.harness()
            case "powershell":
                from validators.powershell import equivalence

                decides = equivalence.harness()
            case _:
                decides = f"{BIFI_RULE} ({parsers})"
                if self.run_tests:
                    from validators.python import sandbox

                    decides = f"{sandbox.harness()} where a problem has tests, else {decides}"
        return {"execution": decides, "verdict": parsers}

    def can_score(self, problem: Problem) -> bool:
        """Whether a proposal for this problem can succeed or fail at all."""
        return problem.fixed is not None or self.language.name == "python"

    def score(self, problem: Problem, text: str | None) -> Score:
        """What a proposal is worth; no text is a failure."""
        if text is None:
            known = problem.fixed is not None
            return Score(False, False if known else None, False if self.can_score(problem) else None)
        key = (problem, text)
        if key not in self._scores:
            self._scores[key] = self._score(problem, text)
        return self._scores[key]

    def _score(self, problem: Problem, text: str) -> Score:
        accepted = self.language.check(text).accepted
        sketch = None
        if problem.fixed is not None:
            sketch = self.language.sketch(text) == self.language.sketch(problem.fixed)
        if not self.can_score(problem):
            return Score(accepted, sketch, None)
        if not accepted:
            return Score(accepted, sketch, False, "verdict")
        if self.language.name == "python" and not (self.run_tests and problem.tests):
            from generators.bifi.critic import is_repair

            return Score(accepted, sketch, is_repair(self.language, problem.broken, text), "bifi")
        comparison = self._compare(problem, text)
        return Score(accepted, sketch, comparison.equal, comparison.method)

    def _compare(self, problem: Problem, text: str) -> Comparison:
        if self.language.name == "python":
            from validators.python.sandbox import program_match

            return program_match(text, [(test.stdin, test.stdout) for test in problem.tests])
        assert problem.fixed is not None
        if self.language.name == "excel":
            from validators.excel.execution import execution_match

            return execution_match(text, problem.fixed)
        from validators.powershell.equivalence import equivalent

        return equivalent(text, problem.fixed)
