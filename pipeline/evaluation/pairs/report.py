"""The results of `evaluate pairs` for people: tables, the Markdown report around them, the plot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.display.plotting import new_figure, save_figure
from pipeline.display.text_table import NONE, TextTable

Results = Mapping[str, Any]

PEOPLE = "(people)"
_TYPES = 20  # in tables
_DRAWN = 12  # in the plot
_DEFINITIONS = """\
**Divergence**: Jensen-Shannon, to base 2, of two histograms of edit types: 0 where they are equal, 1 where they have no
type in common. **Edit type**: the class of the broken token, `>`, the class of the fixed one, for each edited place of
the token difference; `-` where a side has no token (`)>-` is a bracket too many). The class is the text of brackets,
operators, separators and keywords, the kind of other tokens. A run of more than six edits is one edit, `long`; a pair
counts 1, however many edits it has. **Number of pairs**: the fewer there are, the higher the divergence, on either
side, so that {n:,} were drawn of each dataset, and figures of other numbers of pairs or of other people are not
comparable. **Interval**: of 95%, for pairs of the same kinds and numbers; 1.96 standard deviations of {rounds:,}
resamplings of both sides. (Resampling lifts a divergence, so that the middle 95% of the resampled figures would be too
high.) **Against the first**: divergence less that of the first dataset, under the same resampled people: surer than two
intervals beside each other. **As many people**: pairs against as many of the people's, half of those where there are
enough pairs. In the row of people the pairs are people's too, none on both sides: that is the floor, below which no
pairs need go. Mean of {rounds:,} random choices, in brackets the middle 95% of them. **Distance**: edits of one
token."""


def tables(results: Results, quote: str = "") -> list[TextTable]:
    """All tables; edit types stand between ``quote``."""
    return [_divergence(results), _distances(results), _types(results, quote)]


def about_people(results: Results) -> Iterator[str]:
    """A line for each file of real mistakes: how many of its rows count."""
    reasons = {
        "without_truth": "have no truth",
        "broken_accepted": "have a broken side that the parser accepts",
        "fixed_rejected": "have a fixed side that it refuses",
        "without_edits": "do not differ in a token",
    }
    for file in results["people"]["files"]:
        others = ", ".join(f"{file[name]:,} {words}" for name, words in reasons.items() if file[name])
        yield f"{file['name']}: {file['pairs']:,} of {file['rows']:,} rows count" + (f"; {others}" if others else "")


def about_datasets(results: Results) -> Iterator[str]:
    """A line for each dataset of which something must be known before its figures are believed."""
    for each in results["datasets"]:
        if each["known"]:
            yield f"{each['name']}: {each['known']:,} of the pairs drawn are people's own, which lowers its divergence"
        if each["with_edits"] < results["n"]:
            without = results["n"] - each["with_edits"]
            yield f"{each['name']}: {without:,} of the pairs drawn do not differ in a token, and do not count"


def _divergence(results: Results) -> TextTable:
    floor = results["floor"]
    rows = [
        (
            each["name"], f"{results['n']:,} of {each['pairs']:,}", _interval(each["divergence"]),
            _interval(each["difference"], "+.3f"), _interval(each["at_half"]),
        )
        for each in results["datasets"]
    ]  # fmt: skip
    rows.append((PEOPLE, f"{results['people']['pairs']:,}", NONE, NONE, _interval(floor)))
    half = "as many people" + (f" ({floor['pairs']:,} each)" if floor else "")
    return TextTable("Divergence from people", ("pairs", "number", "divergence", "against the first", half), rows)


def _distances(results: Results) -> TextTable:
    rows = [
        (name, f"{distance['median']:g}", *(f"{share:.1%}" for share in distance["shares"].values()))
        for name, distance in ((each["name"], each["distance"]) for each in _everyone(results))
    ]
    columns = results["people"]["distance"]["shares"]
    return TextTable("Distance of the two sides, in tokens", ("pairs", "median", *columns), rows)


def _types(results: Results, quote: str) -> TextTable:
    everyone = _everyone(results)
    rows = [
        (f"{quote}{name}{quote}", *(f"{each['types'].get(name, 0):.1%}" for each in everyone))
        for name in _commonest(results, _TYPES)
    ]
    return TextTable("Commonest edit types", ("broken>fixed", *(each["name"] for each in everyone)), rows)


def _everyone(results: Results) -> list[Mapping[str, Any]]:
    return [{"name": PEOPLE, **results["people"]}, *results["datasets"]]


def _commonest(results: Results, count: int) -> list[str]:
    """The types with the largest share anywhere, people's order first."""
    everyone = [each["types"] for each in _everyone(results)]
    largest = {name: max(types.get(name, 0.0) for types in everyone) for types in everyone for name in types}
    chosen = sorted(largest, key=lambda name: (-largest[name], name))[:count]
    return sorted(chosen, key=lambda name: (-everyone[0].get(name, 0.0), -largest[name], name))


def markdown(results: Results, images: Sequence[str]) -> str:
    """The report; ``images`` are the names of the figures beside it."""
    files = ", ".join(f"`{file['sha256'][:16]}`" for file in results["people"]["files"])
    sections = [
        f"# Human-likeness of pairs for {results['language']}",
        f"Pairs beside {results['people']['pairs']:,} real mistakes; seed {results['seed']}, "
        f"{results['measured']['date']}.",
        *(f"![{name}]({name})" for name in images if name.endswith(".png")),
    ]
    for made in tables(results, "`"):
        sections += [f"## {made.title}", made.markdown()]
    sections += [
        "## What the figures mean",
        _DEFINITIONS.format(n=results["n"], rounds=results["rounds"]),
        "A row of real mistakes counts if the parser of the language refuses its broken side and accepts its fixed "
        f"one. {'. '.join(about_people(results))}. SHA-256 of the files: {files}.",
        *(
            f"{each['name']}: `{each['place']}`, {each['pairs']:,} pairs, identity `{each['identity'][:16]}`."
            for each in results["datasets"]
        ),
        *(f"{line}." for line in about_datasets(results)),
    ]
    return "\n\n".join(sections) + "\n"


def draw_figures(results: Results, folder: Path) -> list[str]:
    """Divergences beside the floor, and shares of edit types; gives the names of the files."""
    figure, (left, right) = new_figure(2, width=5.5, height=4.5)
    datasets = results["datasets"][::-1]
    places = range(len(datasets))
    for shift, name, label in ((0.1, "divergence", "against all people"), (-0.1, "at_half", "against as many people")):
        known = [(place + shift, each[name]) for place, each in zip(places, datasets, strict=True) if each[name]]
        margins = [[one["value"] - one["low"] for _, one in known], [one["high"] - one["value"] for _, one in known]]
        left.errorbar([one["value"] for _, one in known], [y for y, _ in known], xerr=margins, fmt="o", label=label)
    if results["floor"]:
        left.axvline(results["floor"]["value"], color="black", linestyle=":", label="people against as many people")
    left.set_yticks(list(places), [each["name"] for each in datasets])
    left.set_ylim(-0.5, max(1, len(datasets)) - 0.5)
    left.set_xlim(0, 1)
    left.set_title("divergence from people")
    left.legend(loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=2)
    everyone, types = _everyone(results), _commonest(results, _DRAWN)[::-1]
    thick = 0.8 / len(everyone)
    for number, each in enumerate(everyone):
        shares = [each["types"].get(name, 0) for name in types]
        right.barh([place + 0.4 - thick * number for place in range(len(types))], shares, thick, label=each["name"])
    right.set_yticks(range(len(types)), types, family="monospace", parse_math=False)
    right.set_title("commonest edit types")
    right.set_xlabel("share")
    right.legend()
    return save_figure(figure, folder, "human-likeness")


def _interval(figure: Mapping[str, float] | None, form: str = ".3f") -> str:
    if figure is None:
        return NONE
    value, low, high = (format(figure[name], form) for name in ("value", "low", "high"))
    return f"{value} ({low} to {high})"
