"""Which of the accepted texts is the repair: the one whose edits people make most, and that many canvases gave."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from generators.diffusion.edit_kinds import EditKind
from generators.diffusion.gap_search import Found, Search
from validators import Language
from validators.diff import token_diff

# What an edit of each kind costs: people lose signs sooner than words. Set by hand, as rough as it looks, with the
# development problems in sight.
KIND_COSTS: Mapping[EditKind, float] = {
    "bracket": 0.5, "quote": 0.7, "separator": 1.0, "operator": 1.0, "break": 1.0, "insert": 1.5, "delete": 2.5,
    "replace": 2.0, "invent": 2.0, "complete": 0.3, "swap": 2.0, "unquote": 1.4,
    "sigil": 0.5, "bare": 3.0,
}  # fmt: skip
LEAST_MASS = 0.1  # added to what canvases say, so that little is not taken for nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """What a candidate's score is made of; the lowest wins."""

    costs: Mapping[EditKind, float] = field(default_factory=lambda: KIND_COSTS)
    uncalled: float = 3.0  # cost of a function that loses its brackets
    emptied: float = 2.5  # cost of a string that loses its text
    unvoted: float = 0.0  # cost of a text that no canvas gave
    mass: float = 0.7  # weight of the logarithm of the probability that canvases gave a text
    sharpness: float = 1.0  # of the softmax over the scores of which the confidence is the first one's share


RANKINGS: Mapping[str, Ranking] = {
    # fitted by tests/benchmarks/gap_ranking.py on 79 mistakes of PowerShell histories, held at the costs by hand
    "powershell": Ranking(
        costs={
            "bracket": 0.7, "quote": 1.3, "separator": 1.1, "operator": 1.5, "break": 0.8, "insert": 2.6,
            "delete": 1.9, "replace": 1.6, "invent": 2.7, "complete": 0.3, "swap": 2.0, "unquote": 1.4,
            "sigil": 0.8, "bare": 2.8,
        },
        unvoted=1.1, mass=1.25,
    ),
}  # fmt: skip


def ranking_of(language: str) -> Ranking:
    """A language's own ranking, or the one by hand."""
    return RANKINGS.get(language, Ranking())


@dataclass(frozen=True, slots=True)
class GapCandidate:
    """A text that the language accepts."""

    text: str
    distance: int  # in tokens, to the snippet
    votes: int  # canvases that gave it; 0 for an edit that needs no model
    confidence: float  # in [0, 1]; those of all candidates add up to 1


def rank(language: Language, search: Search, ranking: Ranking) -> list[GapCandidate]:
    """The accepted texts of a search, the best first; ties go to the text that sorts first."""
    found = search.accepted()
    scores = {each.text: score(each, ranking) for each in found}
    found.sort(key=lambda each: (scores[each.text], each.text))
    weights = [math.exp(-ranking.sharpness * (scores[each.text] - scores[found[0].text])) for each in found]
    total = sum(weights)
    return [
        GapCandidate(each.text, token_diff(language, search.code, each.text).distance, each.votes, weight / total)
        for each, weight in zip(found, weights, strict=True)
    ]


def score(found: Found, ranking: Ranking) -> float:
    """What a text's edits cost, less what the canvases say for it."""
    said = ranking.mass * math.log(found.mass + LEAST_MASS) if found.votes else -ranking.unvoted
    lost = ranking.uncalled * found.uncalled + ranking.emptied * found.emptied
    return sum(ranking.costs[kind] for kind in found.edits) + lost - said
