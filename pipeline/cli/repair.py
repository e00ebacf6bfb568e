"""The command that repairs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pipeline.cli.options import LANGUAGE_NAMES, Json, Seed, SnippetFile, option, require_language
from pipeline.cli.output import complain, counts_table, print_json, stdout
from schemas.errors import RequestError

if TYPE_CHECKING:
    from pipeline.repair import Repair

NoiseLevels = Annotated[
    str | None, option("--noise-levels", metavar="T,...", help="Shares t/T of the way to pure noise.")
]
Recovery = Annotated[
    str | None,
    option("--recovery", metavar="R,...", help="The same as shares of tokens still readable; 0.99,0.95,0.9,...0.3."),
]
CanvasName = Annotated[
    Literal["fixed", "shifted"],
    typer.Option(help="fixed: tokens stay in their places, as in the paper; shifted: most candidates move some."),
]


def repair(
    file: SnippetFile,
    language: Annotated[str, option(help=LANGUAGE_NAMES)],
    checkpoint: Annotated[str | None, option(metavar="DIR", help="The bundled model if not given.")] = None,
    noise_levels: NoiseLevels = None,
    recovery: Recovery = None,
    samples: Annotated[int, typer.Option(min=1, help="Candidates of each noise level.")] = 7,
    steps: Annotated[int | None, option(min=1, help="Of the reverse process; 20 if not given.")] = None,
    canvas: CanvasName = "shifted",
    pool: Annotated[
        Literal["vote", "best"],
        typer.Option(help="vote: over all levels; best: the one level that you found best, on other snippets."),
    ] = "vote",
    show: Annotated[
        Literal["diff", "fixed", "candidates"],
        typer.Option(help="Of one snippet: a coloured diff, the repair alone, or all candidates."),
    ] = "diff",
    column: Annotated[str, typer.Option(help="Where a snippet lies in a row, as `broken` in a dataset.")] = "code",
    out: Annotated[
        str | None, option(metavar="FILE", help="Write repairs and candidates as .jsonl, .jsonl.gz or .parquet.")
    ] = None,
    seed: Seed = 0,
    strict: Annotated[bool, option("--strict", help="Exit with 1 if a snippet has no repair.")] = False,
    as_json: Json = False,
) -> None:
    """Repair broken snippets: noise them, resume the diffusion model's reverse process, vote on what it ends in."""
    require_language(language)
    from generators.diffusion.checkpoint import find_checkpoint
    from pipeline.check import is_table, read_snippets
    from pipeline.noise_levels import read_levels
    from pipeline.repair import Repairer
    from pipeline.repair_output import check_out, write_repairs

    levels = read_levels(noise_levels, recovery)
    if pool == "best" and len(levels.points) != 1:
        raise RequestError("--pool best is the vote of one noise level: name it with --noise-levels or --recovery")
    check_out(out)
    table = is_table(file)
    snippets = read_snippets(file, column, language)
    first = next(snippets, None)
    if first is None:
        raise RequestError(f"{file} holds no snippet: there is nothing to repair")
    repairer = Repairer(
        find_checkpoint(language, checkpoint), language, levels=levels, samples=samples, steps=steps, canvas=canvas,
        seed=seed,
    )  # fmt: skip

    def every() -> Iterator[str]:
        yield first if table else first.rstrip("\r\n")  # a file's last line break is none of the snippet
        yield from snippets

    outcomes: Counter[str] = Counter()

    def each() -> Iterator[Repair]:
        for done in repairer(every()):
            outcomes[done.outcome] += 1
            if as_json:
                print_json(done.as_dict(candidates=out is None))
            elif not table:
                _print(done, show, language, repairer.max_tokens)
            yield done

    write_repairs(each(), out)
    if table and not as_json:
        stdout().print(counts_table("snippets", outcomes.total(), dict(outcomes.most_common())))
    if strict and outcomes["repaired"] + outcomes["accepted"] < outcomes.total():
        raise typer.Exit(1)


def _print(done: Repair, show: str, language: str, max_tokens: int) -> None:
    """One snippet's repair, or a line that says why there is none."""
    from pipeline.repair import Outcome
    from pipeline.repair_output import candidate_lines
    from pipeline.show import render_change

    console = stdout()
    if show == "candidates":
        for candidate in candidate_lines(done):
            console.print(candidate)
        return
    if done.outcome is Outcome.TOO_LONG:
        complain(f"the snippet has more than {max_tokens} tokens; train a model with a larger model.max_tokens")
    elif done.outcome is Outcome.NOT_REPAIRED:
        complain(f"none of {len(done.candidates)} candidates is accepted; try more --samples or other --noise-levels")
    elif done.outcome is Outcome.ACCEPTED:
        complain("the snippet is accepted as it is")
    if done.fixed is None:
        return
    if show == "fixed" or done.outcome is Outcome.ACCEPTED:
        print(done.fixed, end="" if done.fixed.endswith("\n") else "\n")
        return
    for line in render_change(language, done.broken, done.fixed, markers=not console.is_terminal):
        console.print(line)
