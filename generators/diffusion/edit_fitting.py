"""Weights of edits fitted so that the pairs' edit types are distributed as those of people's mistakes.

Snippets are broken with even weights; each pair that the language refuses is then weighted by its edit's kind and
place, and the weights are moved against the Jensen-Shannon divergence between the weighted pairs and people's. As the
weights of places share a snippet among its tokens, pairs are drawn anew with the weights and the fit repeated.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from generators.base import Snippet, draw
from generators.diffusion.breaking import Broken, GapBreaker
from generators.diffusion.edits import KINDS, EditProvenance, EditWeights, load_edits
from schemas.ids import derive_seed
from validators import Language
from validators.edit_types import pair_edits

ROUNDS = 3
PENALTY = 0.01  # on the mean square of the logarithms of the weights: what is rare among pairs stays near even
METHOD = (
    f"{ROUNDS} rounds of: break corpus snippets, weight each refused pair by kind and place, minimise the "
    f"Jensen-Shannon divergence of edit types to people's pairs, plus {PENALTY:g} x the mean square of the weights' "
    "logarithms"
)
_STEPS, _RATE = 800, 0.05
_LEAST = 20  # pairs that a class of tokens needs to get a weight of its own
_BATCH = 256


@dataclass(frozen=True, slots=True)
class _Pair:
    kind: str
    place: str  # the table and the class in it, as "removed )"
    types: dict[str, float]


def fit_edits(
    *, language: Language, breaker_of: Callable[[EditWeights], GapBreaker], snippets: Sequence[Snippet],
    human: Sequence[tuple[str, str]], rows: int, seed: int, provenance: EditProvenance,
) -> tuple[EditWeights, list[float]]:  # fmt: skip
    """The fitted weights, and the divergence of the weighted pairs to people's in each round.

    Args:
        language: of the snippets.
        breaker_of: what breaks snippets with given weights.
        snippets: accepted by the language.
        human: pairs (broken, fixed) of people.
        rows: snippets that are broken in each round.
        seed: of every draw.
        provenance: what the file will say.
    """
    goal = _histogram([_Pair("", "", pair_edits(language, *pair).shares) for pair in human])
    weights, divergences = load_edits(language.name, "even"), []
    for number in range(ROUNDS):
        pairs = _pairs(language, breaker_of(weights), snippets, rows, derive_seed("fit", seed, number))
        weights, divergence = _moved(weights, pairs, goal)
        divergences.append(divergence)
    return weights.model_copy(update={"provenance": provenance}), divergences


def _pairs(language: Language, breaker: GapBreaker, snippets: Sequence[Snippet], rows: int, seed: int) -> list[_Pair]:
    pairs = []
    for first in range(0, rows, _BATCH):
        drawn = [draw(snippets, seed, row) for row in range(first, min(first + _BATCH, rows))]
        made = breaker([s.code for _, s, _ in drawn], [row_seed for row_seed, _, _ in drawn], own_literals=True)
        for (_, snippet, _), broken in zip(drawn, made, strict=True):
            if broken is not None and not language.check(broken.text).accepted:
                shares = pair_edits(language, broken.text, snippet.code).shares
                if shares:
                    pairs.append(_Pair(broken.kind, place_of(broken), shares))
    return pairs


def place_of(broken: Broken) -> str:
    """The table of `EditWeights` that an edit's place was drawn by, and the class in it."""
    return f"{'behind' if broken.kind.startswith('0') else 'removed'} {broken.place}"


def _histogram(pairs: Sequence[_Pair]) -> dict[str, float]:
    total: dict[str, float] = defaultdict(float)
    for pair in pairs:
        for name, share in pair.types.items():
            total[name] += share
    return {name: share / sum(total.values()) for name, share in total.items()}


def _moved(weights: EditWeights, pairs: Sequence[_Pair], goal: dict[str, float]) -> tuple[EditWeights, float]:
    """The weights times what brings these pairs, which were drawn with them, closest to the goal."""
    often = Counter(pair.place for pair in pairs)
    places = sorted(name for name, n in often.items() if n >= _LEAST)
    types = sorted({*goal, *(name for pair in pairs for name in pair.types)})
    column = {name: i for i, name in enumerate(types)}
    histogram_PT = torch.zeros(len(pairs), len(types))
    for row, pair in enumerate(pairs):
        for name, share in pair.types.items():
            histogram_PT[row, column[name]] = share
    goal_T = torch.tensor([goal.get(name, 0.0) for name in types])
    kind_P = torch.tensor([KINDS.index(pair.kind) for pair in pairs])
    place_P = torch.tensor([places.index(pair.place) if pair.place in places else len(places) for pair in pairs])
    drawn_K = torch.tensor([weights.kinds[name] for name in KINDS]).log()  # what the pairs were drawn with
    drawn_C = torch.tensor([_place_weight(weights, name) for name in places] + [1.0]).log()
    kind_K, place_C = drawn_K.clone().requires_grad_(), drawn_C.clone().requires_grad_()
    optimiser = torch.optim.Adam([kind_K, place_C], lr=_RATE)
    divergence = torch.zeros(())
    for _ in range(_STEPS):
        weight_P = ((kind_K - drawn_K)[kind_P] + (place_C - drawn_C)[place_P]).softmax(0)
        divergence = _divergence(weight_P @ histogram_PT, goal_T)
        spread = (kind_K - kind_K.mean()).square().mean() + place_C.square().mean()
        loss = divergence + PENALTY * spread
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    kinds = dict(zip(KINDS, kind_K.detach().softmax(0).tolist(), strict=True))
    tables: dict[str, dict[str, float]] = {"removed": dict(weights.removed), "behind": dict(weights.behind)}
    for name, weight in zip(places, (place_C[:-1] - place_C[-1]).detach().exp().tolist(), strict=True):
        table, _, token = name.partition(" ")
        tables[table][token] = weight
    moved = EditWeights(kinds=_rounded(kinds), removed=_rounded(tables["removed"]), behind=_rounded(tables["behind"]))
    return moved, float(divergence.detach())


def _place_weight(weights: EditWeights, place: str) -> float:
    table, _, token = place.partition(" ")
    return (weights.removed if table == "removed" else weights.behind).get(token, 1.0)


def _rounded(values: dict[str, float]) -> dict[str, float]:
    return {name: round(max(value, 1e-4), 4) for name, value in sorted(values.items())}


def _divergence(first_T: Tensor, second_T: Tensor) -> Tensor:
    """Jensen-Shannon divergence to base 2."""
    mean_T = (first_T + second_T) / 2

    def half(own_T: Tensor) -> Tensor:
        return torch.xlogy(own_T, own_T / mean_T.clamp(min=1e-12)).sum() / 2

    return (half(first_T.clamp(min=1e-12)) + half(second_T.clamp(min=1e-12))) / torch.log(torch.tensor(2.0))
