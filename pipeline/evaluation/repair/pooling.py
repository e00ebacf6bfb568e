"""From the scored proposals of a system to one outcome a problem (paper, section 4.2 and Table 1).

any    some proposal succeeds: an oracle's, who knows the truth
best   the vote among the samples of one noise level, which is chosen on problems that are not reported
vote   the vote among all proposals (`pipeline.repair.vote.vote`)
first  the first proposal, of systems without noise levels

The paper chooses its best level on the very benchmark that it reports. Here it is chosen on a tuning benchmark, or, if
there is none, on one half of the problems for the other half and the other way round (cross-fitting); halves follow
from a hash of the broken code.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.benchmarks.benchmark import Benchmark, Problem
from pipeline.benchmarks.overlap import normalise
from pipeline.evaluation.repair.scoring import Score, Scorer
from pipeline.evaluation.repair.systems import Proposal
from pipeline.repair.vote import vote


@dataclass(frozen=True, slots=True)
class Judged:
    """A proposal and what it is worth."""

    proposal: Proposal
    score: Score


@dataclass(frozen=True, slots=True)
class Answer:
    """What a pooling made of the proposals for one problem."""

    text: str | None
    score: Score
    level: float | None = None  # at which it was found, where the pooling keeps to one


class Pool:
    """The scored proposals of one system for the problems of one benchmark, in their order.

    A proposal without a level, such as an accepted input that is handed back, stands at every level.
    """

    def __init__(self, scorer: Scorer, benchmark: Benchmark, proposals: Sequence[Sequence[Proposal]]) -> None:
        self.scorer = scorer
        self.problems = benchmark.problems
        self.judged = [
            [Judged(proposal, scorer.score(problem, proposal.text)) for proposal in given]
            for problem, given in zip(self.problems, proposals, strict=True)
        ]
        self.levels = tuple(sorted({p.level for given in proposals for p in given if p.level is not None}))
        counts = (len(self.at(i, level)) for i in range(len(self)) for level in self.levels or (None,))
        self.samples = max(counts, default=0)  # of a level, or of a problem where there are no levels
        self._votes: dict[float | None, list[Answer]] = {}

    def __len__(self) -> int:
        return len(self.problems)

    def at(self, index: int, level: float | None) -> list[Judged]:
        """The proposals for a problem at a level; None stands for all levels."""
        return [j for j in self.judged[index] if level is None or j.proposal.level in (None, level)]

    def any(self, level: float | None = None) -> list[Score]:
        """Whether some proposal succeeds: accepted, sketch and execution each for itself."""
        return [_any(j.score for j in self.at(i, level)) or self._failure(i) for i in range(len(self))]

    def vote(self, level: float | None = None) -> list[Answer]:
        """The vote over all proposals, or over those of a level."""
        if level not in self._votes:
            self._votes[level] = [self._vote(i, level) for i in range(len(self))]
        return self._votes[level]

    def first(self) -> list[Answer]:
        """The first proposal."""
        return [
            Answer(given[0].proposal.text, given[0].score) if given else Answer(None, self._failure(i))
            for i, given in enumerate(self.judged)
        ]

    def best(self, levels: Sequence[float]) -> list[Answer]:
        """The votes at the levels that were chosen, one for each problem."""
        return [self.vote(level)[i] for i, level in enumerate(levels)]

    def best_level(self, indices: Iterable[int] | None = None) -> float:
        """The level at which most votes succeed, over some of the problems; of equally good ones the smallest."""
        chosen = range(len(self)) if indices is None else list(indices)
        return max(self.levels, key=lambda level: (sum(self.vote(level)[i].score.success for i in chosen), -level))

    def tuned_levels(self, tune: Pool | None) -> list[float]:
        """For each problem the level that was chosen on others: on ``tune``, else on the other half."""
        if tune is not None:
            return [tune.best_level()] * len(self)
        halves = [half(problem) for problem in self.problems]
        chosen = {h: self.best_level(i for i, other in enumerate(halves) if other != h) for h in set(halves)}
        return [chosen[h] for h in halves]

    def successes(self, index: int, level: float | None) -> tuple[int, int]:
        """How many of the `samples` drawn for a problem at a level succeed.

        What a system left out failed. An accepted input that it hands back stands for all its samples.
        """
        given = self.at(index, level)
        if self.levels and given and all(j.proposal.level is None for j in given):
            return self.samples * given[0].score.success, self.samples
        return sum(j.score.success for j in given), self.samples

    def _vote(self, index: int, level: float | None) -> Answer:
        problem = self.problems[index]
        text = vote(self.scorer.language, problem.broken, [j.proposal.text for j in self.at(index, level)])
        return Answer(text, self.scorer.score(problem, text), level)

    def _failure(self, index: int) -> Score:
        return self.scorer.score(self.problems[index], None)


def half(problem: Problem) -> int:
    """0 or 1; code that differs in white space or case alone falls into one half."""
    return normalise(problem.broken)[0] & 1


def _any(scores: Iterable[Score]) -> Score | None:
    given = list(scores)
    if not given:
        return None

    def some(values: list[bool | None]) -> bool | None:
        return None if None in values else any(values)

    return Score(
        accepted=any(score.accepted for score in given), sketch=some([score.sketch for score in given]),
        executed=some([score.executed for score in given]), method="any",
    )  # fmt: skip
