"""The weights that rank repairs by gaps, fitted on a benchmark of people's mistakes: a regularised conditional logit.

    python tests/benchmarks/gap_ranking.py --language excel --benchmark PROBLEMS.json

Each problem's accepted candidates are alternatives, and the likelihood of those that match the truth is raised; a
Gaussian prior holds the weights at those of `generators.diffusion.gap_ranking`. Printed are the problems that are right
at rank 1 and 3 with the weights as they are, with the fitted ones, and with ten-fold cross-validation; then these.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from generators.diffusion.checkpoint import BUNDLED, load_checkpoint
from generators.diffusion.gap_ranking import LEAST_MASS, Ranking, ranking_of
from generators.diffusion.gap_repair import WINDOW, GapOperator, GapOptions
from generators.diffusion.gap_search import Found
from pipeline.benchmarks.formats import load_benchmark
from pipeline.evaluation.repair.scoring import Scorer
from validators import get_language

FOLDS = 10
MOST = 300  # candidates of a problem that are looked at


@dataclass(frozen=True)
class Alternatives:
    """The candidates of one problem."""

    features_CF: Tensor
    right_C: Tensor


def features(found: Found, kinds: list[str]) -> list[float]:
    """What the score is made of, in the order of `weights`; each times its weight is a part of the score."""
    said = math.log(found.mass + LEAST_MASS) if found.votes else 0.0
    counts = [float(found.edits.count(kind)) for kind in kinds]  # type: ignore[arg-type]
    return [*counts, float(found.uncalled), float(not found.votes), -said]


def weights(ranking: Ranking, kinds: list[str]) -> Tensor:
    costs = [ranking.costs[kind] for kind in kinds]  # type: ignore[index]
    return torch.tensor([*costs, ranking.uncalled, ranking.unvoted, ranking.mass], dtype=torch.double)


def fit(problems: list[Alternatives], prior_F: Tensor, hold: float) -> Tensor:
    """The weights of the greatest posterior; ``hold`` is the precision of the prior."""
    weights_F = prior_F.clone().requires_grad_()
    optimiser = torch.optim.LBFGS([weights_F], max_iter=100, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimiser.zero_grad()
        loss = hold * ((weights_F - prior_F) ** 2).sum()
        for problem in problems:
            if problem.right_C.any():
                scores_C = -(problem.features_CF @ weights_F)
                loss = loss + scores_C.logsumexp(0) - scores_C[problem.right_C].logsumexp(0)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimiser.step(closure)  # type: ignore[no-untyped-call]
    return weights_F.detach()


def right(problems: list[Alternatives], weights_F: Tensor, rank: int) -> int:
    """Problems with a right candidate among the first ``rank``."""
    first = [p.right_C[(p.features_CF @ weights_F).argsort(stable=True)[:rank]] for p in problems if len(p.right_C)]
    return sum(bool(right_R.any()) for right_R in first)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--language", required=True)
    parser.add_argument("--benchmark", required=True)
    parser.add_argument("--checkpoint", type=Path, help="the bundled model if not given")
    parser.add_argument("--rounds", type=int, default=GapOptions().rounds, help="of gaps")
    parser.add_argument("--hold", type=float, default=1.0, help="precision of the prior")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    folder = arguments.checkpoint or BUNDLED / arguments.language
    operator = GapOperator(load_checkpoint(folder, arguments.language), GapOptions(rounds=arguments.rounds))
    language, scorer = get_language(arguments.language), Scorer(arguments.language)
    ranking = ranking_of(arguments.language)
    kinds = sorted(ranking.costs)
    benchmark = load_benchmark(arguments.benchmark, arguments.language)
    stream = iter([p for p in benchmark.problems if not language.check(p.broken).accepted])
    problems: list[Alternatives] = []
    while window := list(islice(stream, WINDOW)):
        for problem, search in zip(window, operator.search([p.broken for p in window], 0), strict=True):
            found = search.accepted()[:MOST]
            rows = [features(each, kinds) for each in found]
            truths = [scorer.score(problem, each.text).success for each in found]
            features_CF, right_C = torch.tensor(rows, dtype=torch.double), torch.tensor(truths, dtype=torch.bool)
            problems.append(Alternatives(features_CF, right_C))
    prior_F = weights(ranking, kinds)
    fitted_F = fit(problems, prior_F, arguments.hold)
    order = random.Random(0).sample(range(len(problems)), len(problems))
    held_out = {1: 0, 3: 0}
    for fold in range(FOLDS):
        kept = [problems[i] for place, i in enumerate(order) if place % FOLDS != fold]
        weights_F = fit(kept, prior_F, arguments.hold)
        for rank in held_out:
            held_out[rank] += right([problems[i] for i in order[fold::FOLDS]], weights_F, rank)
    print(json.dumps({
        "problems": len(problems), "any": sum(bool(p.right_C.any()) for p in problems),
        "as they are": [right(problems, prior_F, rank) for rank in (1, 3)],
        "fitted": [right(problems, fitted_F, rank) for rank in (1, 3)],
        "cross-validated": list(held_out.values()),
    }))  # fmt: skip
    names = [*kinds, "uncalled", "unvoted", "mass"]
    print(json.dumps({name: round(value, 2) for name, value in zip(names, fitted_F.tolist(), strict=True)}))


if __name__ == "__main__":
    main()
