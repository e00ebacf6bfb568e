"""The command on corpora."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.options import LANGUAGE_NAMES, Json, Seed, option, require_language
from pipeline.cli.output import counts_table, print_json, program, stdout
from pipeline.display.terminal import printable
from schemas.errors import RequestError

if TYPE_CHECKING:
    from pipeline.corpus.building.build import BuildReport, Progress

_SHOWN = 10  # skipped files


def corpus(
    language: Annotated[str, option(help=LANGUAGE_NAMES)],
    out: Annotated[str, option(metavar="FILE", help="File to write: .jsonl, .jsonl.gz or .parquet; path or URI.")],
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PATH",
            help="Files and folders: .py, .ipynb; .ps1, .psm1, Markdown; .xlsx, .xlsm.",
            show_default=False,
        ),
    ] = None,
    per_sketch: Annotated[int, typer.Option(min=1, help="Snippets with the same sketch kept from each file.")] = 1,
    min_tokens: Annotated[int, typer.Option(min=1, help="Shortest snippet kept, in tokens.")] = 4,
    max_tokens: Annotated[int, typer.Option(min=1, help="Longest snippet kept, in tokens.")] = 120,
    max_lines: Annotated[int, typer.Option(min=1, help="Longest snippet kept, in lines.")] = 20,
    benchmarks: Annotated[
        list[str] | None, option("--benchmark", metavar="FILE", help="Leave out this benchmark's texts; repeatable.")
    ] = None,
    from_model: Annotated[
        bool, option("--from-model", help="Take what a diffusion model generates instead of files.")
    ] = False,
    checkpoint: Annotated[str | None, option(metavar="DIR", help="That model, if not the bundled one.")] = None,
    count: Annotated[int, typer.Option(min=1, help="Number of snippets to take from that model.")] = 5_000,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Build a corpus of correct snippets from sources, notebooks, Markdown or workbooks."""
    from pipeline.corpus.building.build import build_corpus
    from pipeline.corpus.building.excerpts import Length
    from pipeline.corpus.building.from_model import corpus_from_model

    require_language(language)
    if bool(paths) == from_model:
        raise RequestError("give files and folders, or --from-model, one of the two")
    if min_tokens > max_tokens:
        raise RequestError(f"--min-tokens {min_tokens} is more than --max-tokens {max_tokens}")
    with _progress(silent=as_json) as progress:
        if from_model:
            report = corpus_from_model(
                language=language, checkpoint=checkpoint, count=count, out=out, seed=seed,
                benchmarks=benchmarks or (), progress=progress,
            )  # fmt: skip
        else:
            length = Length(min_tokens=min_tokens, max_tokens=max_tokens, max_lines=max_lines)
            report = build_corpus(
                language=language, paths=paths or (), out=out, length=length, per_sketch=per_sketch,
                benchmarks=benchmarks or (), progress=progress,
            )  # fmt: skip
    if as_json:
        print_json(report.to_dict())
    else:
        _print(report)


def _print(report: BuildReport) -> None:
    console = stdout()
    for name, figures in report.kinds.items():
        if figures.read:
            console.print(f"{figures.read:,} {name} read: {figures.kept:,} of {figures.found:,} snippets kept")
    console.print(counts_table("snippets", report.found, {"kept": report.kept, **dict(report.left_out.most_common())}))
    if report.scrubbed:
        kinds = ", ".join(f"{n:,} {name}" for name, n in report.scrubbed.most_common())
        console.print(f"secrets replaced in kept snippets: {kinds}")
    if report.skipped_files:
        reasons = Counter(entry["reason"] for entry in report.skipped_files)
        console.print(f"{reasons.total():,} files skipped: {', '.join(f'{n:,} {r}' for r, n in reasons.most_common())}")
        for entry in report.skipped_files[:_SHOWN]:
            detail = f" ({entry['detail']})" if entry["detail"] else ""
            console.print("  " + printable(" ".join(f"{entry['file']}: {entry['reason']}{detail}".split())))
        if len(report.skipped_files) > _SHOWN:
            console.print(f"  and {len(report.skipped_files) - _SHOWN:,} more; --json lists all")
    generator = {"excel": "flame"}.get(report.language, "bifi")
    console.print(
        f"use it    {program()} run --language {report.language} --generator {generator} --corpus {report.out} "
        "--pairs 1000 --out OUT"
    )


@contextmanager
def _progress(*, silent: bool) -> Iterator[Progress | None]:
    """A bar on stderr, where that is a terminal."""
    import sys

    from rich.console import Console
    from rich.progress import Progress as Bar

    console = Console(file=sys.stderr)
    if silent or not console.is_terminal:
        yield None
        return
    with Bar(console=console, transient=True) as bar:
        task = bar.add_task("reading", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
