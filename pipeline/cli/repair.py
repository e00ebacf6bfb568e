"""The command that repairs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pipeline.cli.options import LANGUAGE_NAMES, Json, Seed, SnippetFile, option, require_language
from pipeline.cli.output import complain, counts_table, print_json, stdout
from schemas.errors import RequestError

if TYPE_CHECKING:
    from pipeline.repair.repairer import AnyRepairer, Repair

NoiseLevels = Annotated[
    str | None, option("--noise-levels", metavar="T,...", help="Noise levels t/T, between 0 and 1.")
]
Recovery = Annotated[
    str | None,
    option("--recovery", metavar="R,...", help="Noise levels as shares of readable tokens; default: 0.99,...,0.3."),
]
CanvasName = Annotated[
    Literal["gaps", "fixed"],
    typer.Option(
        help="gaps: noise at one place at a time, where tokens come and go; fixed: on the whole snippet, as in the "
        "paper, where no token can move."
    ),
]
MinConfidence = Annotated[
    float, typer.Option("--min-confidence", min=0, max=1, help="With gaps: the least confidence of a repair.")
]


def refuse_of_fixed(given: Mapping[str, object]) -> None:
    """Refuse options of the fixed canvas where gaps are asked for.

    Raises:
        RequestError: one of them has a value.
    """
    for name, value in given.items():
        if value is not None:
            raise RequestError(f"{name}: --canvas gaps does without it; it is an option of --canvas fixed")


def repair(
    file: SnippetFile,
    language: Annotated[str, option(help=LANGUAGE_NAMES)],
    checkpoint: Annotated[str | None, option(metavar="DIR", help="Folder of a model, if not the bundled one.")] = None,
    canvas: CanvasName = "gaps",
    min_confidence: MinConfidence = 0.0,
    noise_levels: NoiseLevels = None,
    recovery: Recovery = None,
    samples: Annotated[int | None, option(min=1, help="With fixed: candidates at each level; default: 7.")] = None,
    pool: Annotated[
        Literal["vote", "best"] | None,
        option(help="Of fixed: vote over all levels, or best: the one level that you found best, on other snippets."),
    ] = None,
    steps: Annotated[
        int | None, option(min=1, help="Of the reverse process; if not given, 3 in a gap and 20 of the whole snippet.")
    ] = None,
    show: Annotated[
        Literal["diff", "fixed", "candidates"],
        typer.Option(help="Of one snippet: a coloured diff, the repair alone, or all candidates."),
    ] = "diff",
    column: Annotated[str, typer.Option(help="Column that holds the snippet, such as `broken`.")] = "code",
    out: Annotated[
        str | None, option(metavar="FILE", help="Write repairs and candidates as .jsonl, .jsonl.gz or .parquet.")
    ] = None,
    seed: Seed = 0,
    strict: Annotated[bool, option("--strict", help="Exit with code 1 if a snippet has no repair.")] = False,
    as_json: Json = False,
) -> None:
    """Repair broken snippets with the diffusion model: noise, the reverse process from there, the best of its ends."""
    require_language(language)
    from pipeline.inspection.check import is_table, read_snippets
    from pipeline.repair.output import check_out, write_repairs

    make = _repairer(language, checkpoint, canvas, min_confidence, noise_levels, recovery, samples, pool, steps, seed)
    check_out(out)
    table = is_table(file)
    snippets = read_snippets(file, column, language)
    first = next(snippets, None)
    if first is None:
        raise RequestError(f"{file} holds no snippet: there is nothing to repair")
    repairer = make()

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
                _print(done, show, language, repairer)
            yield done

    write_repairs(each(), out)
    if table and not as_json:
        stdout().print(counts_table("snippets", outcomes.total(), dict(outcomes.most_common())))
    if strict and outcomes["repaired"] + outcomes["accepted"] < outcomes.total():
        raise typer.Exit(1)


def _repairer(
    language: str, checkpoint: str | None, canvas: str, min_confidence: float, noise_levels: str | None,
    recovery: str | None, samples: int | None, pool: str | None, steps: int | None, seed: int,
) -> Callable[[], AnyRepairer]:  # fmt: skip
    """What makes the repairer that was asked for; options that do not go together are refused at once."""
    from generators.diffusion.checkpoint import find_checkpoint
    from pipeline.repair.noise_levels import read_levels
    from pipeline.repair.repairer import SAMPLES, FixedRepairer, Repairer

    if canvas == "gaps":
        refuse_of_fixed({"--noise-levels": noise_levels, "--recovery": recovery, "--samples": samples, "--pool": pool})
        folder = find_checkpoint(language, checkpoint)
        return lambda: Repairer(folder, language, steps=steps, min_confidence=min_confidence, seed=seed)
    if min_confidence:
        raise RequestError("--min-confidence: only --canvas gaps tells how sure it is")
    levels = read_levels(noise_levels, recovery)
    if pool == "best" and len(levels.points) != 1:
        raise RequestError("--pool best is the vote of one noise level: name it with --noise-levels or --recovery")
    folder = find_checkpoint(language, checkpoint)
    return lambda: FixedRepairer(folder, language, levels=levels, samples=samples or SAMPLES, steps=steps, seed=seed)


def _print(done: Repair, show: str, language: str, repairer: AnyRepairer) -> None:
    """One snippet's repair, or a line that says why there is none."""
    from pipeline.inspection.show import render_change
    from pipeline.repair.output import candidate_lines
    from pipeline.repair.repairer import Outcome

    console = stdout()
    if show == "candidates":
        for candidate in candidate_lines(done):
            console.print(candidate)
        return
    if done.outcome in (Outcome.TOO_LONG, Outcome.NOT_REPAIRED):
        complain(repairer.why_not(done))
    elif done.outcome is Outcome.UNSURE:
        complain(f"the best repair has a confidence of only {done.confidence:.2f}; --show candidates lists all of them")
    elif done.outcome is Outcome.ACCEPTED:
        complain("the snippet is accepted as it is")
    if done.fixed is None:
        return
    if show == "fixed" or done.outcome is Outcome.ACCEPTED:
        print(done.fixed, end="" if done.fixed.endswith("\n") else "\n")
        return
    for line in render_change(language, done.broken, done.fixed, markers=not console.is_terminal):
        console.print(line)
