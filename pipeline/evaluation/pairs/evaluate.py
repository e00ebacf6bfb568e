"""`evaluate pairs`: how like people's mistakes pairs are, whoever made them.

    OUT/pairs.json                  identity, every figure with its interval, shares of all edit types
    OUT/pairs.md                    the same as tables, with what they mean
    OUT/human-likeness              .png and .svg

The figure is the divergence of edit types (`validators.edit_types`) from those of real mistakes. It falls as pairs grow
in number, so as many are drawn of each dataset; people are all there are. Beside it stands what both would be at the
size of half of the people: pairs against a random half, and one half against the other, which is the floor.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline.evaluation.pairs.report import draw_figures, markdown
from pipeline.evaluation.pairs.sources import Columns, HumanPairs, Pair, PairSource, load_people, open_pairs
from pipeline.evaluation.pairs.statistics import (
    ROUNDS,
    Array,
    distance_figures,
    divergences,
    interval,
    resample,
    spread,
    subsample,
    types_of,
    weigh,
)
from pipeline.files.folders import make_folder
from pipeline.files.storage import Storage
from schemas.errors import RequestError
from schemas.ids import derive_seed
from validators import get_language
from validators.edit_types import PairEdits, histogram, pair_edits
from validators.human_edits import Floor, HumanEdits, HumanFile

FORMAT = 1
MOST = 3_000  # pairs of a dataset, where nobody says how many


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drawn:
    """The pairs of a dataset that are compared."""

    name: str
    place: str
    source: PairSource
    edits: list[PairEdits]  # of those with an edit, in their order
    known: int  # pairs that are people's too


def evaluate_pairs(
    *, datasets: Sequence[str], language: str, human: Sequence[str], n: int | None = None, seed: int = 0,
    columns: Columns | None = None, out: Path | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Compare pairs with people's, and write the results into ``out``; gives what pairs.json holds.

    Args:
        datasets: paths or URIs of published datasets, or files of pairs; none: people alone are described.
        language: that the code is of.
        human: benchmark files of real mistakes, taken together.
        n: pairs drawn of each dataset; None: as many as the smallest has, at most `MOST`.
        seed: of all draws.
        columns: of files.
        out: a local folder; None: nothing is written.

    Raises:
        RequestError: a file or dataset cannot be read, holds fewer than ``n`` pairs, or ``out`` cannot be written.
    """
    if out is not None:
        make_folder(out)
    people = load_people(human, language, columns or Columns())
    known = frozenset[Pair]().union(*(each.pairs for each in people))
    n, drawn = _draw(datasets, language, n, seed, columns or Columns(), known)
    edits = [pair for each in people for pair in each.edits]
    results: dict[str, Any] = {
        "format": FORMAT,
        "language": language,
        "parsers": dict(get_language(language).parsers),
        "seed": seed,
        "rounds": ROUNDS,
        "n": n,
        "people": _people_figures(people, edits),
        **_compared(edits, drawn, seed),
        "measured": {"date": datetime.now(UTC).date().isoformat()},
    }
    if out is not None:
        storage = Storage(str(out))
        storage.write("pairs.md", markdown(results, draw_figures(results, out)).encode())
        storage.write("pairs.json", json.dumps(results, indent=1).encode())
    return results


def human_edits(results: dict[str, Any], command: str) -> HumanEdits:
    """What ships for dataset cards, from the results of `evaluate_pairs` without datasets.

    Raises:
        ValueError: there are datasets; the floor may then be of fewer pairs.
    """
    if results["datasets"]:
        raise ValueError("people are recorded from results without datasets")
    people, floor = results["people"], results["floor"]
    return HumanEdits(
        language=results["language"], pairs=people["pairs"],
        files=[HumanFile(name=file["name"], sha256=file["sha256"]) for file in people["files"]],
        floor=floor and Floor(divergence=floor["value"], pairs=floor["pairs"], splits=ROUNDS),
        date=results["measured"]["date"], command=command, shares=people["types"],
    )  # fmt: skip


def _draw(
    datasets: Sequence[str], language: str, n: int | None, seed: int, columns: Columns, known: frozenset[Pair]
) -> tuple[int, list[_Drawn]]:
    """As many pairs of each dataset; the same ones whatever is compared beside it."""
    sources = {place: open_pairs(place, language, columns) for place in datasets}
    if len(sources) < len(datasets):
        raise RequestError("a dataset is given twice: give each once")
    if n is None:
        n = min((MOST, *(source.total for source in sources.values())))
    judge = get_language(language)
    drawn = []
    for name, (place, source) in zip(_names(datasets), sources.items(), strict=True):
        if source.total < n:
            raise RequestError(f"{place} holds {source.total:,} pairs: lower --n, so that as many are drawn of each")
        places = random.Random(derive_seed("draw", seed, source.identity)).sample(range(source.total), n)
        pairs = source.take(sorted(places))
        edits = [found for pair in pairs if (found := pair_edits(judge, *pair)).types]
        if not edits:
            raise RequestError(f"no pair of {place} differs in a token: give pairs of broken and fixed code")
        shared = sum(pair in known for pair in pairs)
        drawn.append(_Drawn(name=name, place=place, source=source, edits=edits, known=shared))
    return n, drawn


def _names(datasets: Sequence[str]) -> list[str]:
    """The last part of each path; the whole of it where two would be alike."""
    last = [place.rstrip("/").rpartition("/")[2] for place in datasets]
    return [name if last.count(name) == 1 else place for name, place in zip(last, datasets, strict=True)]


def _people_figures(people: Sequence[HumanPairs], edits: Sequence[PairEdits]) -> dict[str, Any]:
    return {
        "files": [
            {
                "name": each.name, "sha256": each.sha256, "rows": each.rows, "pairs": len(each.edits),
                "without_truth": each.without_truth, "broken_accepted": each.broken_accepted,
                "fixed_rejected": each.fixed_rejected, "without_edits": each.without_edits,
            }
            for each in people
        ],
        "pairs": len(edits),
        "distance": distance_figures(edits),
        "types": _shares(edits),
    }  # fmt: skip


def _compared(people: Sequence[PairEdits], drawn: Sequence[_Drawn], seed: int) -> dict[str, Any]:
    """Floor and datasets. What is drawn of people is the same for all, so that datasets differ for their own reasons.

    Both sides are resampled for an interval.
    """
    types = types_of([people, *(each.edits for each in drawn)])
    size = min(len(people) // 2, *(len(each.edits) for each in drawn), len(people))
    people_NK = weigh(people, types)
    people_RK = resample(people_NK, derive_seed("people", seed))
    halves = subsample(people_NK, size, 2, derive_seed("halves", seed)) if size else None
    datasets: list[dict[str, Any]] = []
    first: tuple[float, Array] | None = None
    for each in drawn:
        weights_NK = weigh(each.edits, types)
        value = float(divergences(weights_NK.sum(axis=0), people_NK.sum(axis=0)))
        rounds_R = divergences(resample(weights_NK, derive_seed("pairs", seed, each.source.identity)), people_RK)
        at_half = None
        if halves is not None:
            (sample_RK,) = subsample(weights_NK, size, 1, derive_seed("sample", seed, each.source.identity))
            at_half = spread(divergences(sample_RK, halves[0])) | {"pairs": size}
        datasets.append({
            "name": each.name, "place": each.place, "identity": each.source.identity, "pairs": each.source.total,
            "with_edits": len(each.edits), "known": each.known, "divergence": interval(value, rounds_R),
            "difference": first and interval(value - first[0], rounds_R - first[1], lowest=-1.0), "at_half": at_half,
            "distance": distance_figures(each.edits), "types": _shares(each.edits),
        })  # fmt: skip
        first = first or (value, rounds_R)
    floor = spread(divergences(*halves)) | {"pairs": size} if halves is not None else None
    return {"floor": floor, "datasets": datasets}


def _shares(pairs: Sequence[PairEdits]) -> dict[str, float]:
    return {name: round(share, 6) for name, share in histogram(pairs).items()}
