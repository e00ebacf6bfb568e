"""Commands on runs: make a dataset, see how far it is, make one row again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.options import LANGUAGE_NAMES, Json, Out, Settings, option
from pipeline.cli.output import ledger_table, print_blocks, print_json, program, stdout

if TYPE_CHECKING:
    from rich.console import Console

    from pipeline.inspection.status import Status
    from schemas.config import RunConfig
    from schemas.manifest import Manifest

Checkpoint = Annotated[str | None, option(metavar="DIR", help="Folder of a diffusion model; default: the bundled one.")]
Corpus = Annotated[
    str | None, option(metavar="URI", help="Correct snippets to break: a file, a dataset or a Hugging Face name.")
]
Breaker = Annotated[
    str | None, option(metavar="DIR", help="Folder of a BIFI breaker; none for operators alone; default: bundled.")
]

_EXAMPLES = 5  # pairs that `run` shows


def run(
    config: Annotated[str | None, option(metavar="FILE", help="YAML file with settings; options override it.")] = None,
    language: Annotated[str | None, option(help=LANGUAGE_NAMES)] = None,
    generator: Annotated[str | None, option(help="diffusion (the default), flame, bifi or gpt4o.")] = None,
    pairs: Annotated[int | None, option(help="Number of distinct pairs to publish.")] = None,
    out: Annotated[str | None, option(help="Local path or URI of the dataset.")] = None,
    seed: Annotated[int | None, option(help="Random seed; default: 0.")] = None,
    checkpoint: Checkpoint = None,
    corpus: Corpus = None,
    breaker: Breaker = None,
    base_url: Annotated[str | None, option(metavar="URL", help="OpenAI-compatible server for gpt4o.")] = None,
    workers: Annotated[int | None, option(help="Number of sampling workers; default: what the cluster holds.")] = None,
    allow_fewer: Annotated[
        bool, option("--allow-fewer", help="Publish even if the attempts gave fewer pairs than asked for.")
    ] = False,
    settings: Settings = None,
    local: Annotated[bool, option("--local", help="Run in this process, without Ray; gives the same bytes.")] = False,
    dry_run: Annotated[bool, option("--dry-run", help="Print what gpt4o would cost, and do nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Make a dataset: plan, generate, filter, publish. Resumes by itself; a finished run does nothing."""
    from pipeline.inspection.status import published_status
    from pipeline.run.launch import launch
    from pipeline.run.progress import open_report
    from schemas.config import load_config

    options = {
        "language": language, "generator": generator, "pairs": pairs, "out": out, "seed": seed,
        "checkpoint": checkpoint, "corpus": corpus, "bifi.breaker": breaker, "gpt4o.base_url": base_url,
        "workers": workers, "allow_fewer": allow_fewer or None,
    }  # fmt: skip
    chosen = load_config(config, settings or (), options)
    if dry_run:
        _print_estimate(chosen, as_json)
        return
    with open_report(silent=as_json) as report:
        manifest = launch(chosen, report, local=local)
    status = published_status(chosen.out, manifest)
    if as_json:
        print_json(status.to_dict())
        return
    console = stdout()
    console.print(ledger_table(status.ledger.to_dict()))
    _print_examples(console, chosen.out)
    _print_next_steps(console, chosen.out, manifest)


def _print_estimate(config: RunConfig, as_json: bool) -> None:
    from pipeline.run.launch import estimate

    figures = estimate(config)
    if as_json:
        print_json(figures)
        return
    console = stdout()
    console.print(
        f"about {figures['requests']:,} requests with {figures['input_tokens']:,} tokens in and "
        f"{figures['output_tokens']:,} out"
    )
    for way in ("live", "batch"):
        likely, most = figures[f"{way}_dollars"], figures[f"most_{way}_dollars"]
        console.print(f"{way:<6} about {likely:,.2f} dollars, at most {most:,.2f}")
    console.print(f"the run stops at its budget of {figures['budget']:,.2f} dollars (--set gpt4o.budget)")


def _print_examples(console: Console, out: str) -> None:
    from pipeline.files.storage import Storage
    from pipeline.inspection.show import Choice, choose, render

    rows = choose(Storage(out), Choice(count=_EXAMPLES))
    console.print()
    print_blocks(console, [render(row, markers=not console.is_terminal) for row in rows])


def _print_next_steps(console: Console, out: str, manifest: Manifest) -> None:
    language = str(manifest.identity.fields["language"])
    source = f'"{out}", "{language}"'
    if "://" in out:  # load_dataset takes a card from a folder or from the hub only
        source = f'"parquet", data_files="{out.rstrip("/")}/data/{language}/*.parquet"'
    console.print()
    console.print(f"load it     datasets.load_dataset({source})")
    console.print(f"see more    {program()} show {out}")
    console.print(f"check it    {program()} verify {out} --deep")


def status(out: Out, as_json: Json = False) -> None:
    """See a run: not started, unfinished with what is done so far, or finished with its figures."""
    from pipeline.files.storage import Storage
    from pipeline.inspection.status import read_status

    found = read_status(Storage(out))
    if as_json:
        print_json(found.to_dict())
        return
    console = stdout()
    console.print(_headline(found))
    if found.ledger.sampled:
        console.print(ledger_table(found.ledger.to_dict()))


def _headline(status: Status) -> str:
    target = int(status.settings.get("pairs", 0))
    if status.state == "not started":
        return f"not started: {status.out} holds no run"
    if status.state == "finished":
        return f"finished: {status.ledger.written:,} of {target:,} pairs published from {status.shards:,} shards"
    return (
        f"running or interrupted: {status.ledger.written:,} pairs, duplicates included, of {target:,} in "
        f"{status.shards:,} finished shards; where it was interrupted, the same command resumes"
    )


def replay(
    out: Out,
    pair_id: Annotated[str, typer.Argument(metavar="ID", help="Id of a row of that dataset.", show_default=False)],
    checkpoint: Checkpoint = None,
    corpus: Corpus = None,
    breaker: Breaker = None,
    benchmarks: Annotated[
        list[str] | None, option("--benchmark", metavar="FILE", help="The same files as in the run; may be repeated.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make one row again from its id and compare it with the published one. Exit code 1 if they differ."""
    from pipeline.inspection.replay import replay as make_again
    from pipeline.inspection.show import render

    found = make_again(
        out, pair_id, checkpoint=checkpoint, corpus=corpus, breaker=breaker, benchmarks=tuple(benchmarks or ())
    )
    if as_json:
        print_json(found)
    else:
        console = stdout()
        print_blocks(console, [render(found["record"], markers=not console.is_terminal)])
        console.print(_comparison(found))
    if found["published"] is not None and not found["identical"]:
        raise typer.Exit(1)


def _comparison(found: dict[str, Any]) -> str:
    if found["published"] is None:
        return f"not published: {found['reason'] or 'a duplicate, or more than was asked for'}"
    return "equal to the published row" if found["identical"] else "differs from the published row"
