"""The results of `evaluate samples` for people: tables, figures, examples."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.display.plotting import new_figure, save_figure
from pipeline.display.text_table import NONE, TextTable
from pipeline.evaluation.samples.yields import ALL_PAIRS, NEAR_PAIRS, PAIRS, THOUSAND, VERDICTS
from schemas.manifest import NEAR
from schemas.reasons import Reason

Results = Mapping[str, Any]

_SHARES = {
    "accepted_novel_distinct_nontrivial": "accepted, novel, distinct, non-trivial",
    "accepted": "accepted",
    "distinct": "distinct",
    "novel": "of the accepted: novel text",
    "novel_sketch": "of the accepted: novel sketch",
    "non_trivial": "of the accepted: non-trivial",
}
_WORDS = 15  # in tables and plots
_SHOWN = [VERDICTS[reason] for reason in (Reason.IDENTICAL, Reason.FIXED_REJECTED, Reason.BROKEN_ACCEPTED)]
_WAYS = {name: name for name in (*_SHOWN, ALL_PAIRS)} | {name: f"{name} apart" for name in PAIRS}
_ORIGIN = {"samples": "accepted samples", "data": "training set"}
_DEFINITIONS = """\
**Accepted**: the parser takes the text. **Novel**: no snippet of the training set has this text, or this sketch (the
text with its constants anonymised); the training set is what the model saw, with the literals of the bank.
**Distinct**: no earlier sample has the same text. **Non-trivial**: a function, a keyword or an operator, and four
tokens or more. The first row counts samples that are all of this, each text once. Lengths are in tokens of the
language, without spaces; they and the words are of accepted samples. **Floor**: the distance that as many samples
drawn from the data itself would have on average. A step leads from the text at t + 1 to the one at t. **Pairs**: c_t
and c_0 that pass the filters of `run`: c_0 accepted, c_t rejected; **per 1,000** trajectories with one t drawn
uniformly from all. **Pairs a minute**: on one core, in processor time, sampling and judging; a measurement, unlike the
rest. In brackets: 95% intervals, Wilson's of shares, otherwise by a bootstrap."""


def tables(results: Results) -> list[TextTable]:
    """All tables, in the order of interest."""
    made = (_shares, _lengths, _length_summary, _words, _refusals, _steps, _options)
    return [table for make in made if (table := make(results)).rows]


def _shares(results: Results) -> TextTable:
    rows = []
    for name, label in _SHARES.items():
        if results[name] is None:
            rows.append((label, NONE, NONE, NONE))
        else:
            given = results["intervals"][name]
            interval = f"{given['low']:.1%} to {given['high']:.1%}"
            rows.append((label, f"{results[name]:.1%}", interval, f"{given['n']:,}"))
    return TextTable("Samples from pure noise", ("share", "value", "95% interval", "of"), rows)


def _lengths(results: Results) -> TextTable:
    rows = [
        (f"over {part['low'] - 1}" if part["high"] is None else f"{part['low']} to {part['high']}",
         _percent(part["data"]), _percent(part["samples"]), _interval(part["accepted"]))
        for part in results["accepted_by_length"]
    ]  # fmt: skip
    return TextTable("Lengths, and what is accepted", ("tokens", "data", "samples", "of them accepted"), rows)


def _length_summary(results: Results) -> TextTable:
    lengths, rows = results["lengths"], []
    for name, figure in (lengths["samples"] if lengths else {}).items():
        data = lengths["data"][name] if lengths and lengths["data"] else None
        rows.append((name, NONE if data is None else f"{data:.1f}", _interval(figure, ".1f")))
    if lengths and lengths["wasserstein"]:
        rows.append(("Wasserstein distance", f"floor {lengths['floor']:.2f}", _interval(lengths["wasserstein"], ".2f")))
    return TextTable("Lengths of accepted samples: mean, quantiles", ("tokens", "data", "accepted samples"), rows)


def _words(results: Results) -> TextTable:
    words = results["words"]
    rows = [
        (part["word"], _percent(part["data"]), _interval(part["samples"])) for part in words["top"][:_WORDS]
    ] if words else []  # fmt: skip
    if words and words["total_variation"]:
        rows.append(("(total variation)", f"floor {words['floor']:.3f}", _interval(words["total_variation"], ".3f")))
    title = f"Texts that hold a word: {results['counted_words']}"
    return TextTable(title, ("word", "data", "accepted samples"), rows)


def _refusals(results: Results) -> TextTable:
    rows = [(str(part["kind"]), _interval(part["share"])) for part in results["refusals"]]
    return TextTable("Refused samples by kind of error", ("kind", "of all samples"), rows)


def _steps(results: Results) -> TextTable:
    changed, parts = results["changes"]["by_tenth"], results["yields"]["on_the_way"]["by_tenth"]
    total = results["yields"]["on_the_way"]["all"]
    rows = [
        (f"{part['low']:.1f} to {part['high']:.1f}", _interval(changed[number]), *_ways(part))
        for number, part in reversed(list(enumerate(parts)))
    ]  # fmt: skip
    head = ("t/T", "tokens changed in a step", *_WAYS.values(), "trajectories with a pair", f"within {NEAR}")
    return TextTable(
        "On the way: tokens changed; outcomes per 1,000 trajectories with t uniform; trajectories with a pair there",
        head, [*rows, ("all", NONE, *_ways(total))],
    )  # fmt: skip


def _ways(part: Results) -> Iterator[str]:
    for name in _WAYS:
        figure = part["per_thousand"][name]
        yield NONE if figure is None else f"{figure['value']:.1f}"
    for name in (ALL_PAIRS, NEAR_PAIRS):
        yield _percent(part["trajectories"][name]["value"])


def _options(results: Results) -> TextTable:
    minute = results["measured"]["pairs_a_minute"]
    rows = [
        (
            option["name"], " ".join(f"--set {shlex.quote(setting)}" for setting in option["settings"]) or NONE,
            *(_interval(option[kind], ".1f", THOUSAND) for kind in ("pairs", "near")),
            f"{minute[option['name']]:.1f}",
        )
        for option in results["yields"]["options"]
    ]  # fmt: skip
    head = ("t drawn", "settings", "pairs per 1,000 trajectories", f"of them within {NEAR} tokens", "pairs a minute")
    return TextTable("What `run` yields under other settings, one draw a trajectory", head, rows)


def markdown(results: Results, images: Sequence[str]) -> str:
    """The report; ``images`` are the names of the figures beside it."""
    sampling, measured, training = results["sampling"], results["measured"], results["training_set"]
    known = (
        f"Trained on {training['snippets']:,} snippets of {training['sketches']:,} sketches."
        if training else "The checkpoint does not know its training set: nothing is said of novelty, nor of the data."
    )  # fmt: skip
    sections = [
        f"# Samples of a diffusion model for {results['language']}",
        f"{results['samples']:,} samples from pure noise, seed {results['seed']}. Model `{results['model'][:16]}`, "
        f"{sampling['steps']} steps, fed back: {sampling['feedback']} at temperature {sampling['temperature']:g}, eta "
        f"{sampling['eta']:g}. {known}",
        f"Sampled at {measured['samples_a_second_and_core']:.1f} a second and core, each step decoded, in "
        f"{measured['sampling_cpu_seconds']:,.0f} seconds of processor time, and "
        f"{measured['judging_cpu_seconds']:,.0f} to judge all texts on the way ({measured['date']}, "
        f"{measured['machine']}).",
        *(f"![{name}]({name})" for name in images if name.endswith(".png")),
    ]
    for made in tables(results):
        sections += [f"## {made.title}", made.markdown()]
    sections += [
        "## What the figures mean",
        _DEFINITIONS,
        "## Examples",
        "Accepted:",
        "\n".join(_block(results["examples"]["accepted"])) or NONE,
        "Refused:",
        "\n".join(_block(results["examples"]["refused"])) or NONE,
    ]
    return "\n\n".join(sections) + "\n"


def _block(samples: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Indented, as texts may hold fences."""
    for number, sample in enumerate(samples):
        if number:
            yield "    "
        if "kind" in sample:
            yield f"    ({sample['kind']}: {sample['message']})"
        yield from (f"    {line}" for line in sample["text"].split("\n"))


def draw_figures(results: Results, folder: Path) -> list[str]:
    """Lengths, words, changes and yields; gives the names of the files."""
    return [
        *_draw_lengths(results, folder),
        *_draw_words(results, folder),
        *_draw_changes(results, folder),
        *_draw_yields(results, folder),
    ]


def _draw_lengths(results: Results, folder: Path) -> list[str]:
    if results["lengths"] is None:
        return []
    figure, (axis,) = new_figure(width=5.5)
    for label, counts in results["lengths"]["histogram"].items():
        if counts:
            total = sum(counts.values())
            sizes = range(1, max(map(int, counts)) + 1)
            axis.plot(sizes, [counts.get(str(size), 0) / total for size in sizes], label=_ORIGIN[label])
    _finish(axis, "lengths", "tokens of the language", "share of texts")
    axis.legend()
    return save_figure(figure, folder, "lengths")


def _draw_words(results: Results, folder: Path) -> list[str]:
    if results["words"] is None:
        return []
    top = results["words"]["top"][:_WORDS][::-1]
    figure, (axis,) = new_figure(width=5.5, height=4.5)
    places = range(len(top))
    if top[0]["data"] is not None:
        axis.barh([place + 0.2 for place in places], [part["data"] for part in top], 0.4, label=_ORIGIN["data"])
    shares = [part["samples"] for part in top]
    margins = [[one["value"] - one["low"] for one in shares], [one["high"] - one["value"] for one in shares]]
    axis.barh(
        [place - 0.2 for place in places], [one["value"] for one in shares], 0.4, xerr=margins, label=_ORIGIN["samples"]
    )
    axis.set_yticks(list(places), [part["word"] for part in top])
    _finish(axis, results["counted_words"], "share of texts that hold it", "")
    axis.legend(loc="lower right")
    return save_figure(figure, folder, "words")


def _draw_changes(results: Results, folder: Path) -> list[str]:
    changes = results["changes"]
    known = [(x, y) for x, y in zip(changes["noise_level"], changes["by_t"], strict=True) if y is not None]
    figure, (axis,) = new_figure(width=5.5)
    x = [level for level, _ in known]
    axis.plot(x, [y["value"] for _, y in known])
    axis.fill_between(x, [y["low"] for _, y in known], [y["high"] for _, y in known], alpha=0.25)
    axis.set_xlim(1, 0)
    _finish(axis, "tokens changed in a step", "noise level t/T", "share of tokens")
    return save_figure(figure, folder, "changes")


def _draw_yields(results: Results, folder: Path) -> list[str]:
    figure, axes = new_figure(2)
    parts = [part for part in results["yields"]["on_the_way"]["by_tenth"] if part["timesteps"]]
    x = [(part["low"] + part["high"]) / 2 for part in parts]
    bottom = [0.0] * len(parts)
    for name in PAIRS:
        heights = [part["per_thousand"][name]["value"] for part in parts]
        axes[0].bar(x, heights, 0.09, bottom=bottom, label=f"{name} apart")
        bottom = [low + height for low, height in zip(bottom, heights, strict=True)]
    axes[0].set_xlim(1, 0)
    _finish(axes[0], "pairs by noise level and distance", "noise level t/T", "per 1,000 trajectories")
    axes[0].legend(title="tokens")
    options = results["yields"]["options"][::-1]
    places = range(len(options))
    for shift, kind, label in ((0.2, "pairs", "pairs"), (-0.2, "near", f"within {NEAR} tokens")):
        widths = [THOUSAND * option[kind]["value"] for option in options]
        axes[1].barh([place + shift for place in places], widths, 0.4, label=label)
    axes[1].set_yticks(list(places), [option["name"].replace(", ", ",\n") for option in options])
    _finish(axes[1], "pairs under other settings", "per 1,000 trajectories", "")
    axes[1].legend(loc="upper center", bbox_to_anchor=(0.5, -0.15), ncols=2)
    return save_figure(figure, folder, "yields")


def _finish(axis: Any, title: str, x: str, y: str) -> None:
    axis.set_title(title)
    axis.set_xlabel(x)
    axis.set_ylabel(y)
    axis.set_ylim(bottom=axis.get_ylim()[0] if y == "" else 0)


def _interval(figure: Mapping[str, float] | None, form: str = ".1%", factor: float = 1) -> str:
    if figure is None:
        return NONE
    value, low, high = (format(factor * figure[name], form) for name in ("value", "low", "high"))
    return f"{value} ({low} to {high})"


def _percent(share: float | None) -> str:
    return NONE if share is None else f"{share:.1%}"
