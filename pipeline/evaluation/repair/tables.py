"""The figures of Tables 1 to 3 from the scored proposals of systems; ready for JSON."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from pipeline.evaluation.repair import paper
from pipeline.evaluation.repair.pooling import Answer, Pool
from pipeline.evaluation.repair.scoring import Score
from pipeline.evaluation.statistics import Estimate, mean, paired, pass_at_k, rate
from schemas.ids import derive_seed

Figures = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Evaluated:
    """A system with its proposals for the benchmark, and for the tuning benchmark if there is one."""

    label: str
    identity: dict[str, Any]
    pool: Pool
    tune: Pool | None = None

    @property
    def paper_row(self) -> str:
        """The paper's variant that a diffusion model is compared with: that of its name, else CodeFusion."""
        return next((name for name in paper.TABLE1 if f"{self.label}:".startswith(f"{name}:")), "codefusion")

    @property
    def ranked(self) -> bool:
        """Whether its proposals are a ranking, such as the outputs of a beam search, and no independent draws."""
        return "beams" in self.identity or "ranked" in self.identity

    @property
    def recovery(self) -> dict[float, float]:
        """Token recovery at each of its noise levels, where it says so."""
        return dict(self.identity.get("recovery", ()))

    @cached_property
    def levels(self) -> list[float]:
        """The tuned level of each problem."""
        return self.pool.tuned_levels(self.tune)

    def singles(self) -> dict[str, list[Answer]]:
        """One answer a problem, by how it is found without the truth."""
        if self.pool.levels:
            return {"vote": self.pool.vote()}
        if "ranked" in self.identity:  # every text once: there is nothing to vote on
            return {"first": self.pool.first()}
        return {"first": self.pool.first(), "vote": self.pool.vote()}

    @property
    def answers(self) -> list[Answer]:
        """The one answer that a user would get: the vote over noise levels, or the first proposal."""
        return self.pool.vote() if self.pool.levels else self.pool.first()


def table1(systems: Sequence[Evaluated], language: str) -> list[Figures]:
    """Sketch and execution match by pooling."""
    rows = []
    for system in systems:
        pool = system.pool
        poolings: list[tuple[str, paper.Pooling | None, list[Score]]] = [("any", "any", pool.any())]
        if pool.levels:
            on_test = pool.best_level()
            poolings.append(("best", None, _scores(pool.best(system.levels))))
            poolings.append(("best, tuned on the benchmark itself", "best", _scores(pool.vote(on_test))))
            poolings.append(("vote", "vote", _scores(pool.vote())))
        else:
            poolings += [(name, None, _scores(answers)) for name, answers in system.singles().items()]
        reported = paper.TABLE1.get(system.paper_row, {}).get(language, {}) if pool.levels else {}
        for name, row, scores in poolings:
            beside = reported.get(row) if row else None
            rows.append({"system": system.label, "pooling": name, **_matches(scores), "paper": _pair(beside)})
    return rows


def table2(systems: Sequence[Evaluated], language: str, not_run: Sequence[tuple[str, str]]) -> list[Figures]:
    """One answer a problem, beside what the paper prints."""
    rows: list[Figures] = []
    for system in systems:
        rows += [
            {"system": system.label, "origin": "measured", "answer": name, **_matches(_scores(answers))}
            for name, answers in system.singles().items()
        ]
    for name, by_language in paper.TABLE2.items():
        if language in by_language:
            sketch, executed = by_language[language]
            answer = "any" if name in paper.ORACLES else "top"
            rows.append(
                {"system": name, "origin": "reported", "answer": answer, "sketch": sketch, "executed": executed}
            )
    return rows + [{"system": name, "origin": "not run", "reason": reason} for name, reason in not_run]


def table3(systems: Sequence[Evaluated], language: str, ks: Sequence[int], seed: int) -> list[Figures]:
    """pass@k of independent samples, top@k of rankings, and what all proposals together would give an oracle."""
    rows: list[Figures] = []
    for system in systems:
        pool = system.pool
        row: Figures = {"system": system.label, "origin": "measured", "samples": pool.samples}
        if system.ranked:
            row |= {"measure": "top@k", "values": {str(k): estimate_dict(_top_at_k(pool, k)) for k in ks}}
        else:
            values = {str(k): estimate_dict(_pass_at_k(system, k, derive_seed("pass", seed, system.label))) for k in ks}
            row |= {"measure": "pass@k", "values": values}
        if pool.levels or "ranked" in system.identity:
            size = max(len(given) for given in pool.judged)
            row["any"] = {"proposals": size, "executed": _matches(pool.any())["executed"]}
        rows.append(row)
    for name, by_language in paper.TABLE3.items():
        if language in by_language:
            reported = dict(zip(map(str, paper.TABLE3_KS), by_language[language], strict=True))
            rows.append({"system": name, "origin": "reported", "measure": "pass@k", "values": reported})
    return rows


def comparisons(systems: Sequence[Evaluated], seed: int) -> list[Figures]:
    """McNemar's exact test of each two systems' answers, on success as `Score.success` tells it."""
    rows = []
    for one, other in itertools.combinations(systems, 2):
        sides = [
            [answer.score.success for i, answer in enumerate(system.answers) if _known(system.pool, i)]
            for system in (one, other)
        ]
        test = paired(sides[0], sides[1], derive_seed("paired", seed, one.label, other.label))
        rows.append(
            {
                "first": one.label, "second": other.label, "only_first": test.only_first,
                "only_second": test.only_second, "p": test.p, "difference": estimate_dict(test.difference),
            }
        )  # fmt: skip
    return rows


def references(pool: Pool) -> list[Figures]:
    """What the broken code itself and the truth score: the floor and the ceiling of every system."""
    scorer, rows = pool.scorer, []
    for name, texts in (
        ("the broken code itself", [problem.broken for problem in pool.problems]),
        ("the ground truth", [problem.fixed for problem in pool.problems]),
    ):
        scores = [scorer.score(p, text) for p, text in zip(pool.problems, texts, strict=True) if text is not None]
        if scores:
            rows.append({"system": name, **_matches(scores)})
    return rows


def problem_rows(systems: Sequence[Evaluated]) -> list[Figures]:
    """Every problem with what each system made of it."""
    language = systems[0].pool.scorer.language
    pooled: dict[str, dict[str, Sequence[Score | Answer]]] = {}
    for system in systems:
        pooled[system.label] = {"any": system.pool.any(), "answer": system.answers}
        if system.pool.levels:
            pooled[system.label]["best"] = system.pool.best(system.levels)
    return [
        {
            "id": problem.id, "input_accepted": language.check(problem.broken).accepted,
            "systems": {label: {name: _outcome(rows[i]) for name, rows in by.items()} for label, by in pooled.items()},
        }
        for i, problem in enumerate(systems[0].pool.problems)
    ]  # fmt: skip


def _outcome(row: Score | Answer) -> Figures:
    if isinstance(row, Score):
        return {"accepted": row.accepted, "sketch": row.sketch, "executed": row.executed}
    return {"text": row.text, "level": row.level, **_outcome(row.score), "method": row.score.method}


def _pass_at_k(system: Evaluated, k: int, seed: int) -> Estimate | None:
    """The unbiased mean over problems, each at its tuned level; None where there are fewer samples."""
    pool = system.pool
    if k > pool.samples:
        return None
    levels: Sequence[float | None] = system.levels if pool.levels else [None] * len(pool)
    counts = [pool.successes(i, level) for i, level in enumerate(levels) if _known(pool, i)]
    return mean([pass_at_k(n, successes, k) for successes, n in counts], seed)


def _top_at_k(pool: Pool, k: int) -> Estimate | None:
    """Share of problems of which one of the first ``k`` proposals is a success; None where there are fewer."""
    if k > pool.samples:
        return None
    return rate([any(j.score.success for j in given[:k]) for i, given in enumerate(pool.judged) if _known(pool, i)])


def _known(pool: Pool, index: int) -> bool:
    return pool.scorer.can_score(pool.problems[index])


def _scores(answers: Iterable[Answer]) -> list[Score]:
    return [answer.score for answer in answers]


def success_rate(scores: Sequence[Score]) -> Estimate:
    """The share of successes among what can be scored."""
    return rate([s.success for s in scores if s.executed is not None or s.sketch is not None])


def _matches(scores: Sequence[Score]) -> Figures:
    sketch = [score.sketch for score in scores if score.sketch is not None]
    executed = [score.executed for score in scores if score.executed is not None]
    return {
        "accepted": estimate_dict(rate([score.accepted for score in scores])),
        "sketch": estimate_dict(rate(sketch) if sketch else None),
        "executed": estimate_dict(rate(executed) if executed else None),
    }


def estimate_dict(estimate: Estimate | None) -> Figures | None:
    """An estimate as results keep it."""
    if estimate is None:
        return None
    return {name: round(value, 6) for name, value in asdict(estimate).items()}


def _pair(match: paper.Match | None) -> Figures | None:
    return None if match is None else {"sketch": match[0], "executed": match[1]}
