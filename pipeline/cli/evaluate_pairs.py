"""`evaluate pairs`: how like people's mistakes the pairs of datasets are."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.options import LANGUAGE_NAMES, Json, Seed, option, require_language
from pipeline.cli.output import print_json, print_tables, stdout
from schemas.errors import RequestError


def pairs(
    language: Annotated[str, option(help=LANGUAGE_NAMES)],
    human: Annotated[
        list[str],
        option(metavar="FILE", help="Benchmark of real mistakes; may be repeated, files are pooled."),
    ],
    datasets: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="DATASET", show_default=False,
            help="Local path or URI of a published dataset; or a file of pairs: .json, .jsonl, .jsonl.gz, .parquet.",
        ),
    ] = None,
    count: Annotated[
        int | None,
        typer.Option(
            "-n", "--n", min=1, show_default=False,
            help="Pairs drawn from each dataset; default: the size of the smallest, at most 3,000.",
        ),
    ] = None,
    broken_column: Annotated[
        str | None, option(help="Column with the broken code, if its name is unusual.")
    ] = None,
    fixed_column: Annotated[
        str | None, option(help="Column with the fixed code, if its name is unusual.")
    ] = None,
    seed: Seed = 0,
    out: Annotated[
        Path | None, option(metavar="DIR", help="Folder for the tables and the plot; without it they are only printed.")
    ] = None,
    record: Annotated[
        Path | None,
        option(
            metavar="FILE", help="Without a DATASET: store people's shares of edit types, for dataset cards."
        ),
    ] = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """How far the edit types of pairs are from those of real mistakes; and how far people are from people."""
    require_language(language)
    if bool(datasets) == (record is not None):
        raise RequestError("give either a DATASET to compare, or --record FILE to keep what people do")
    from pipeline.evaluation.pairs.evaluate import evaluate_pairs, human_edits
    from pipeline.evaluation.pairs.report import about_datasets, about_people, tables
    from pipeline.evaluation.pairs.sources import Columns
    from validators.human_edits import write_human_edits

    results = evaluate_pairs(
        datasets=datasets or (), language=language, human=human, n=count, seed=seed, out=out,
        columns=Columns(broken=broken_column, fixed=fixed_column),
    )  # fmt: skip
    if record is not None:
        options = {"--broken-column": broken_column, "--fixed-column": fixed_column, "--seed": str(seed)}
        write_human_edits(record, human_edits(results, _command(language, human, options, record)))
    if as_json:
        print_json(results)
        return
    print_tables(tables(results))
    console = stdout()
    for line in (*about_people(results), *about_datasets(results)):
        console.print(line)
    if out is not None:
        console.print(f"what the figures mean, and a plot: {out / 'pairs.md'}")


def _command(language: str, human: Sequence[str], options: Mapping[str, str | None], record: Path) -> str:
    """How a record was made; files by their names, since it is published."""
    files = [part for file in human for part in ("--human", Path(file).name)]
    given = [part for name, value in options.items() if value is not None for part in (name, value)]
    return shlex.join(
        ("python", "-m", "pipeline", "evaluate", "pairs", "--language", language, *files, *given, "--record",
         record.name)
    )  # fmt: skip
