"""The paper's Figures 5 and 6: what the noise level does to repair. The figures first, then how they are drawn."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.display.plotting import new_figure, save_figure
from pipeline.evaluation.repair.tables import Evaluated, Figures, estimate_dict, success_rate
from validators.diff import token_diff

BINS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 1.0)  # of the normalised edit distance, upper ends included

_T_AXIS = "noise level t/T"
_FOOT = 0.04  # of the height of a plot, below 0 for each system: where its optimal band is marked


def figure5(system: Evaluated) -> Figures:
    """Success by noise level, and the optimal band.

    The paper marks an "optimal" noise level "based on average + one standard deviation" and says no more. Here the band
    is of all levels whose vote succeeds at least as often as the mean over levels plus one (population) standard
    deviation; where there is no such level, as on a plateau, it is the best level alone.
    """
    pool = system.pool
    points = [
        {
            "level": level, "recovery": system.recovery.get(level),
            "vote": estimate_dict(success_rate([answer.score for answer in pool.vote(level)])),
            "any": estimate_dict(success_rate(pool.any(level))),
        }
        for level in pool.levels
    ]  # fmt: skip
    shares = [success_rate([answer.score for answer in pool.vote(level)]).value for level in pool.levels]
    threshold = statistics.fmean(shares) + statistics.pstdev(shares)
    band = [level for level, share in zip(pool.levels, shares, strict=True) if share >= threshold]
    return {"points": points, "threshold": round(threshold, 6), "band": band or [pool.best_level()]}


def figure6(system: Evaluated) -> list[Figures]:
    """Smallest and largest noise level at which a problem was repaired, by how far broken code and truth are apart.

    The distance is in tokens, divided by the longer side; without a truth it is that of the nearest success.
    """
    pool, language = system.pool, system.pool.scorer.language
    sizes: dict[int, int] = {}
    spans: dict[int, list[tuple[float, float]]] = {}
    for problem, given in zip(pool.problems, pool.judged, strict=True):
        repairs = [
            (j.proposal.text, j.proposal.level) for j in given
            if j.score.success and j.proposal.text is not None and j.proposal.level is not None
        ]  # fmt: skip
        targets = {problem.fixed} if problem.fixed is not None else {text for text, _ in repairs}
        if not targets:
            continue
        distance = min(token_diff(language, problem.broken, target).normalized for target in targets)
        place = next(i for i, end in enumerate(BINS[1:]) if distance <= end)
        sizes[place] = sizes.get(place, 0) + 1
        if repairs:
            levels = [level for _, level in repairs]
            spans.setdefault(place, []).append((min(levels), max(levels)))
    return [
        {
            "from": BINS[place], "to": BINS[place + 1], "problems": sizes[place], "repaired": len(found),
            "lowest": min(low for low, _ in found), "highest": max(high for _, high in found),
            "mean_lowest": round(statistics.fmean(low for low, _ in found), 6),
            "mean_highest": round(statistics.fmean(high for _, high in found), 6),
        }
        for place, found in sorted(spans.items())
    ]  # fmt: skip


def draw_figure5(figures: Mapping[str, Figures], folder: Path) -> list[str]:
    """Success by noise level, a line a system with its interval shaded; on t/T, and on token recovery where known."""
    axes_of = ["level"]
    if all(point["recovery"] is not None for figure in figures.values() for point in figure["points"]):
        axes_of.append("recovery")
    highs = [point["any"]["high"] for data in figures.values() for point in data["points"]]
    top = 100 * max(highs) + 1
    figure, axes = new_figure(len(axes_of))
    for key, axis in zip(axes_of, axes, strict=True):
        for number, (label, data) in enumerate(figures.items()):
            colour, points = f"C{number}", data["points"]
            x = [point[key] for point in points]
            for measure, style in (("vote", "-o"), ("any", ":")):
                shares = [100 * point[measure]["value"] for point in points]
                axis.plot(x, shares, style, color=colour, markersize=3, label=f"{label}, {measure}")
                low, high = ([100 * point[measure][end] for point in points] for end in ("low", "high"))
                axis.fill_between(x, low, high, color=colour, alpha=0.15 if measure == "vote" else 0.05, linewidth=0)
            best = [point[key] for point in points if point["level"] in data["band"]]
            axis.plot(best, [-_FOOT * (number + 0.5) * top] * len(best), "s", color=colour, markersize=4)
        axis.set_ylim(-_FOOT * len(figures) * top, top)
        axis.set_xlabel(_T_AXIS if key == "level" else "token recovery at the noise level")
    axes[0].set_ylabel("problems solved, %")
    axes[0].legend(fontsize=7)
    if len(axes) > 1:
        axes[1].invert_xaxis()  # more noise to the right, as beside
    return save_figure(figure, folder, "figure-5")


def draw_figure6(figures: Mapping[str, Sequence[Figures]], folder: Path) -> list[str]:
    """The noise band by normalised edit distance, a plot a system: extremes light, means over problems dark."""
    top = 1.2 * max(each["highest"] for bins in figures.values() for each in bins)
    figure, axes = new_figure(len(figures))
    for (label, bins), axis in zip(figures.items(), axes, strict=True):
        x = [(each["from"] + each["to"]) / 2 for each in bins]
        ends: list[tuple[str, str, dict[str, Any]]] = [
            ("lowest", "highest", {"alpha": 0.2, "label": "all repairs"}),
            ("mean_lowest", "mean_highest", {"alpha": 0.5, "label": "mean over problems"}),
        ]
        for low, high, style in ends:
            lows, highs = [each[low] for each in bins], [each[high] for each in bins]
            axis.fill_between(x, lows, highs, color="C0", linewidth=0, **style)
            axis.vlines(x, lows, highs, color="C0", alpha=style["alpha"])  # one bin alone has no area
        for place, each in zip(x, bins, strict=True):
            axis.annotate(str(each["repaired"]), (place, each["highest"]), ha="center", va="bottom", fontsize=6)
        axis.set_title(label, fontsize=8)
        axis.set_xlabel("normalised edit distance")
        axis.set_ylim(0, top)
    axes[0].set_ylabel(_T_AXIS)
    axes[0].legend(fontsize=7)
    return save_figure(figure, folder, "figure-6")
