"""The results of `evaluate trajectory` for people: Figure 2, a table by tenth of the noise level, an example."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.display.plotting import new_figure, save_figure
from pipeline.display.text_table import NONE, TextTable

UNITS = {"language_tokens": "tokens of the language", "model_tokens": "tokens of the model"}

_SHOWN = 60  # texts of the example, from its end
_DEFINITIONS = """\
A step leads from the decoded text at t + 1 to the one at t; here there are {steps} of them, and figures of a step are
smaller where there are more. **Tokens changed**: Levenshtein distance over the tokens of the longer text.
**Distance**: tokens from the first to the last edit of a step, counted on the later text; a single edit counts 0, and
steps without an edit (the rest of **with edits**) are left out. **Accepted**: the parser takes the text. Texts with
the model's unknown token cannot be decoded ({undecodable}): they count as not accepted, and their steps are left out of
what is counted in tokens of the language. In brackets: 95% intervals, by a bootstrap over trajectories."""

Results = Mapping[str, Any]


def table(results: Results, unit: str = "language_tokens", *, intervals: bool = True) -> TextTable:
    """The figures by tenth of the noise level, from the noise on down."""
    columns = {
        "tokens changed": (f"{unit}.changed", ".1%"),
        "with edits": (f"{unit}.steps_with_edits", ".1%"),
        "distance": (f"{unit}.distance", ".1f"),
        "of the text": (f"{unit}.relative", ".1%"),
        "accepted": ("accepted", ".1%"),
    }
    settled = results["settled"]["by_tenth"]
    rows = []
    for number in reversed(range(len(settled))):
        cells = [_cell(results["by_tenth"][name][number], form, intervals) for name, form in columns.values()]
        rows.append((f"{number / 10:.1f} to {(number + 1) / 10:.1f}", *cells, str(settled[number])))
    head = ("noise level t/T", *columns, "settled here")
    return TextTable(f"Steps by noise level, in {UNITS[unit]}", head, rows)


def markdown(results: Results, images: Sequence[str]) -> str:
    """The report; ``images`` are the names of the figures beside it."""
    sampling, settled = results["sampling"], results["settled"]
    undecodable = _mean([figure for figure in results["by_t"]["undecodable"] if figure])
    sections = [
        f"# Trajectories of a diffusion model for {results['language']}",
        f"{results['trajectories']:,} trajectories from pure noise, seed {results['seed']}. Model "
        f"`{results['model'][:16]}`, {sampling['steps']} steps, fed back: {sampling['feedback']}, eta "
        f"{sampling['eta']:g}.",
        *(f"![{name}]({name})" for name in images if name.endswith(".png")),
    ]
    for unit in UNITS:
        made = table(results, unit)
        sections += [f"## {made.title}", made.markdown()]
    sections += [
        _DEFINITIONS.format(steps=sampling["steps"], undecodable=f"{undecodable:.1%} of all texts"),
        f"**Settled**: from there on down the text changes no more; for half of the trajectories that is at t/T "
        f"{settled['median_noise_level']:.2f} or above.",
        "## Example",
        "Of the trajectories that end in accepted code, the one whose last text is of median length.",
        "\n".join(_example_lines(results["example"])),
    ]
    return "\n\n".join(sections) + "\n"


def _example_lines(states: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """An indented block, as texts may hold fences."""
    if len(states) > _SHOWN:
        yield f"    ({len(states) - _SHOWN} earlier texts are in trajectory.json)"
    for state in states[-_SHOWN:]:
        first, last = state["first"], state["last"]
        yield f"    t = {first}{'' if first == last else f' to {last}'}{', accepted' if state['accepted'] else ''}"
        text = "(undecodable)" if state["text"] is None else state["text"]
        yield from (f"        {line}" for line in text.split("\n"))


def draw_figures(results: Results, folder: Path) -> list[str]:
    """Figure 2, and what a user of repairs wants to know; gives the names of the files."""
    level, by_t = results["noise_level"], results["by_t"]
    panels = (
        ("changed", "(a) tokens changed in a step", "share of tokens"),
        ("distance", "(b) largest distance between two edits", "tokens"),
        ("relative", "(c) the same, over the length of the text", "share of the text"),
    )
    figure, axes = new_figure(len(panels))
    for axis, (name, title, label) in zip(axes, panels, strict=True):
        for unit, called in UNITS.items():
            _draw_series(axis, level, by_t[f"{unit}.{name}"], called)
        _finish(axis, title, label)
    axes[0].legend()
    names = save_figure(figure, folder, "figure-2")
    figure, axes = new_figure(2)
    _draw_series(axes[0], level, by_t["accepted"], "accepted")
    _finish(axes[0], "texts that the parser accepts", "share of texts")
    counts = results["settled"]["by_tenth"]
    axes[1].bar([(number + 0.5) / len(counts) for number in range(len(counts))], counts, width=0.9 / len(counts))
    _finish(axes[1], "where texts settle", "trajectories")
    return names + save_figure(figure, folder, "figure-2-repair")


def _draw_series(axis: Any, level: Sequence[float], figures: Sequence[Mapping[str, float] | None], label: str) -> None:
    known = [(x, figure) for x, figure in zip(level, figures, strict=False) if figure is not None]
    x = [x for x, _ in known]
    axis.plot(x, [figure["value"] for _, figure in known], label=label)
    axis.fill_between(x, [f["low"] for _, f in known], [f["high"] for _, f in known], alpha=0.25)


def _finish(axis: Any, title: str, label: str) -> None:
    """The noise falls from left to right, as time goes."""
    axis.set_title(title)
    axis.set_xlabel("noise level t/T")
    axis.set_ylabel(label)
    axis.set_xlim(1, 0)
    axis.set_ylim(bottom=0)


def _mean(figures: Sequence[Mapping[str, float]]) -> float:
    return sum(figure["value"] for figure in figures) / max(1, len(figures))


def _cell(figure: Mapping[str, float] | None, form: str, intervals: bool) -> str:
    if figure is None:
        return NONE
    value, low, high = (format(figure[name], form) for name in ("value", "low", "high"))
    return f"{value} ({low} to {high})" if intervals else value
