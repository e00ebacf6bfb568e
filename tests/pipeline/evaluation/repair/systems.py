"""Systems with fixed proposals, and problems whose truths are known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipeline.benchmarks.benchmark import Benchmark, Problem
from pipeline.evaluation.repair.scoring import Score, Scorer
from pipeline.evaluation.repair.systems import Proposal
from schemas.config import LanguageName
from schemas.ids import fingerprint

Given = Mapping[str, Sequence[Proposal]]


class FakeSystem:
    """Proposes what it is given for a broken text, and nothing for others; counts how often it is asked."""

    def __init__(self, name: str, given: Given, **identity: Any) -> None:
        self.name = name
        self.calls = self.failed = 0
        self.independent = False
        self.given = given
        self._identity = {"name": name} | identity

    @property
    def identity(self) -> dict[str, Any]:
        return self._identity

    def propose(self, problems: Sequence[Problem]) -> Iterator[list[Proposal]]:
        self.calls += 1
        for problem in problems:
            yield list(self.given.get(problem.broken, ()))


class TruthScorer(Scorer):
    """A success is the text of the truth."""

    def _score(self, problem: Problem, text: str) -> Score:
        right = text == problem.fixed
        return Score(self.language.check(text).accepted, right, right, "text")


def make_benchmark(
    pairs: Sequence[tuple[str, str | None]], language: LanguageName = "excel", name: str = "benchmark.json"
) -> Benchmark:
    problems = tuple(Problem(id=str(i), broken=broken, fixed=fixed) for i, (broken, fixed) in enumerate(pairs))
    return Benchmark(name=name, sha256=fingerprint([name, *pairs]), language=language, problems=problems)


def at(level: float | None, *texts: str | None) -> list[Proposal]:
    """The samples of one level."""
    return [Proposal(text=text, sample=sample, level=level) for sample, text in enumerate(texts)]
