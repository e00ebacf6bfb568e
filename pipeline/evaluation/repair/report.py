"""The results of `evaluate repair` for people: tables, and the Markdown report around them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipeline.display.text_table import NONE, TextTable, share

_POOLINGS = """\
- **any**: some proposal succeeds. An oracle's figure: it takes someone who knows the answer. The paper prints it as
  pass@1; no user gets it.
- **best**: the vote among the samples of one noise level. {tuning}
- **best, tuned on the benchmark itself**: the same with the level that is best on these very problems, as the paper
  chooses it. Too high by as much as a choice among the levels gains by chance.
- **vote**: the most frequent proposal that the parser accepts, over all levels; ties go to the smaller edit distance to
  the broken code. It needs no truth: this is what `repair --canvas fixed` prints.
- **first**: the first proposal of a system that has no noise levels; of gaps, the best of the ranking, which is what
  `repair` prints unless it is asked for the fixed canvas."""

_METRICS = {
    "excel": "Execution match: both formulas give equal values on random typed sheets that fill every range they refer "
    "to; where the engine cannot run one, their syntax trees are equal.",
    "powershell": "Execution match: the normalised syntax trees are equal. Nothing is run. Paths and strings that only "
    "the author knew are part of the truth, which no repair of syntax can guess.",
    "python": "Execution match: BIFI's rule, the parser accepts the text and 1 to 4 words were edited. It needs no "
    "truth and says nothing of what the program does. A system can check it for itself, so that here `any` is within "
    "reach; how often an answer is what the author meant, only sketch match tells.",
}
_TESTED = " Where a problem has tests, its program must print what they say instead."

Row = Mapping[str, Any]


def tables(results: Mapping[str, Any]) -> list[TextTable]:
    """Tables 1 to 3 and the paired comparisons, those that there are."""
    found = [_table1(results), _table2(results["table2"]), _table3(results["table3"])]
    if results["comparisons"]:
        found.append(_comparisons(results["comparisons"]))
    return found


def markdown(results: Mapping[str, Any], figures: Sequence[str]) -> str:
    """The report; ``figures`` are the names of the images beside it."""
    benchmark = results["benchmark"]
    made = tables(results)
    sections = [
        f"# Repair of {benchmark['language']}: {benchmark['name']}",
        " ".join(_about(results)),
        _METRICS[benchmark["language"]] + (_TESTED if results["run_tests"] else "") + " Sketch match: equal texts once "
        f"strings, numbers and references are replaced by their kind. Decided by {results['harness']['execution']}; "
        f"verdicts by {results['harness']['verdict']}.",
        "Intervals are of 95%: Wilson's for shares, a seeded bootstrap over problems for pass@k and differences.",
        f"## {made[0].title}",
        _POOLINGS.format(tuning=_tuning(results)),
        made[0].markdown(),
        *_chosen(results["systems"]),
        f"## {made[1].title}",
        "What a user would get. *Reported* rows are the paper's, on its own benchmarks and by a harness that it does "
        "not publish; its row CodeFusion is `any`, an oracle's.",
        made[1].markdown(),
        f"## {made[2].title}",
        "pass@k is unbiased, of independent samples of one noise level (the tuned one), or of the samples of a prompt. "
        "The candidates of gaps are ranked, as the outputs of a beam search are, and no independent samples: for them "
        "top@k says whether one of the first k succeeds, which is no pass@k. Success of any proposal at all, over all "
        "levels and samples or among all ranked candidates, is any@L, an oracle's. The paper's pass@1 of CodeFusion is "
        "`any` of its Table 1.",
        made[2].markdown(),
    ]
    for table in made[3:]:
        sections += [
            f"## {table.title}",
            "The same problems, one answer each. p is of McNemar's exact test, two-sided; nothing is corrected for the "
            "number of pairs.",
            table.markdown(),
        ]
    sections += _images(results, figures)
    sections += ["## What was evaluated", *map(_system, results["systems"])]
    return "\n\n".join(sections) + "\n"


def _table1(results: Mapping[str, Any]) -> TextTable:
    rows = [
        (
            row["system"], "any (oracle)" if row["pooling"] == "any" else row["pooling"], share(row["sketch"]),
            share(row["executed"]), share(row["accepted"]), *(share((row["paper"] or {}).get(m)) for m in _MATCHES),
        )
        for row in results["table1"]
    ]  # fmt: skip
    rows += [
        (row["system"], NONE, share(row["sketch"]), share(row["executed"]), share(row["accepted"]), NONE, NONE)
        for row in results["references"]
    ]
    head = ("system", "pooling", "sketch", "execution", "accepted", "paper: sketch", "paper: execution")
    return TextTable("Table 1: by pooling over noise levels", head, rows)


_MATCHES = ("sketch", "executed")


def _table2(rows: Sequence[Row]) -> TextTable:
    cells = []
    for row in rows:
        if row["origin"] == "not run":
            cells.append((row["system"], f"not run: {row['reason']}", NONE, NONE, NONE))
            continue
        answer = "any (oracle)" if row["answer"] == "any" else row["answer"]
        cells.append((row["system"], row["origin"], answer, share(row["sketch"]), share(row["executed"])))
    return TextTable("Table 2: one answer a problem", ("system", "origin", "answer", "sketch", "execution"), cells)


def _table3(rows: Sequence[Row]) -> TextTable:
    ks = sorted({int(k) for row in rows for k in row["values"]})
    cells = []
    for row in rows:
        pooled = row.get("any")
        cells.append(
            (
                row["system"], row["origin"], row["measure"], str(row.get("samples", NONE)),
                *(share(row["values"].get(str(k))) for k in ks),
                f"{share(pooled['executed'])} of {pooled['proposals']}" if pooled else NONE,
            )
        )  # fmt: skip
    head = ("system", "origin", "measure", "samples", *(f"k = {k}" for k in ks), "any@L (oracle)")
    return TextTable("Table 3: success by the number of samples", head, cells)


def _comparisons(rows: Sequence[Row]) -> TextTable:
    cells = [
        (row["first"], row["second"], str(row["only_first"]), str(row["only_second"]), share(row["difference"]),
         f"{row['p']:.3g}")
        for row in rows
    ]  # fmt: skip
    head = ("first", "second", "only the first", "only the second", "difference", "p")
    return TextTable("Paired tests", head, cells)


def _about(results: Mapping[str, Any]) -> Iterator[str]:
    benchmark = results["benchmark"]
    yield f"{benchmark['problems']:,} problems, {benchmark['with_truth']:,} of them with a truth."
    yield f"SHA-256 of the benchmark: `{benchmark['sha256']}`."
    if benchmark["inputs_accepted"]:
        yield (
            f"The parser accepts the broken code of {benchmark['inputs_accepted']:,} of them: their mistake is not one "
            "of syntax. The diffusion operator hands such input back unchanged, as its only proposal"
            + (", which BIFI's rule counts as a failure." if benchmark["language"] == "python" else ".")
        )
    if benchmark["truths_refused"] and benchmark["language"] != "python":
        yield f"It refuses {benchmark['truths_refused']:,} of the truths, which nothing can match in execution."


def _tuning(results: Mapping[str, Any]) -> str:
    tune = results["tune"]
    if tune is None:
        return (
            "The level is chosen by two-fold cross-fitting: for each half of the problems (by a hash of the broken "
            "code) on the other half."
        )
    left_out = f", without {tune['dropped']} that are in this benchmark" if tune["dropped"] else ""
    return (
        f"The level is chosen on {tune['name']} ({tune['problems']:,} problems{left_out}; SHA-256 `{tune['sha256']}`)."
    )


def _chosen(systems: Sequence[Row]) -> list[str]:
    lines = [
        f"- {each['label']}: {_named(each, each['tuned_levels'])}; on the benchmark itself "
        f"{_named(each, [each['best_level']])}; of {_named(each, each['levels'])}"
        for each in systems if each["levels"]
    ]  # fmt: skip
    return ["Levels t/T chosen, with their token recovery in brackets:\n\n" + "\n".join(lines)] if lines else []


def _named(system: Row, levels: Sequence[float]) -> str:
    recovery = dict(system["identity"].get("recovery", ()))
    return ", ".join(f"{x:.3g}" + (f" ({recovery[x]:.0%})" if x in recovery else "") for x in levels)


def _images(results: Mapping[str, Any], figures: Sequence[str]) -> Iterator[str]:
    captions = {
        "figure-5": (
            "Figure 5: success by noise level",
            "Solid: the vote among the samples of a level; dotted: any of them, an oracle's. Shaded: 95% intervals. "
            "The squares at the foot are the optimal band: levels whose vote succeeds at least as often as the mean "
            "over levels plus one standard deviation (the paper says no more than \"average + one standard "
            "deviation\"); where no level does, the best one. "
            + " ".join(f"{label}: {_span(data['band'])}." for label, data in results["figure5"].items()),
        ),
        "figure-6": (
            "Figure 6: noise band by edit distance",
            "The smallest and the largest noise level at which a problem was repaired, by the token edit distance of "
            "broken code and truth over the longer side; light: extremes of a bin, dark: means over its problems, "
            "numbers: problems repaired.",
        ),
    }  # fmt: skip
    for stem, (title, caption) in captions.items():
        if f"{stem}.png" in figures:
            yield f"## {title}\n\n{caption}\n\n![{title}]({stem}.png)"


def _span(band: Sequence[float]) -> str:
    return "t/T " + ", ".join(f"{level:.3g}" for level in band)


def _system(system: Row) -> str:
    plain = {k: v for k, v in system["identity"].items() if isinstance(v, str | int | float | bool)}
    listed = ", ".join(f"{key} `{value}`" for key, value in plain.items())
    methods = ", ".join(f"{name} {n:,}" for name, n in system["methods"].items())
    none = system["without_proposals"]
    missing = f" None for {none:,} problems, which count as failures (too long for a model, say)." if none else ""
    return (
        f"**{system['label']}**: {listed}. {system['proposals']:,} proposals, decided by {methods or 'nothing'}."
        + missing
    )
