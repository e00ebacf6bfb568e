"""`evaluate trajectory`: the paper's Figure 2 for a model of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.options import LANGUAGE_NAMES, Json, Seed, option, require_language
from pipeline.cli.output import print_json, stdout


def trajectory(
    language: Annotated[str, option(help=LANGUAGE_NAMES)],
    out: Annotated[Path, option(metavar="DIR", help="Folder for the tables and plots.")],
    checkpoint: Annotated[
        str | None, option(metavar="DIR", help="Folder of a diffusion model; default: the bundled one.")
    ] = None,
    count: Annotated[int, typer.Option("-n", "--n", min=1, help="Number of trajectories.")] = 256,
    steps: Annotated[int | None, option(min=1, help="Steps of the reverse process; default: the model's own.")] = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Figure 2: how many tokens change in each step from noise to code, and how far apart; when texts settle."""
    require_language(language)
    from rich.table import Table

    from pipeline.evaluation.samples.trajectory import evaluate_trajectory
    from pipeline.evaluation.samples.trajectory_report import table

    results = evaluate_trajectory(
        language=language, checkpoint=checkpoint, count=count, seed=seed, out=out, steps=steps
    )
    if as_json:
        print_json(results)
        return
    made = table(results, intervals=False)
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for column in made.head:
        shown.add_column(column, justify="right")
    for row in made.rows:
        shown.add_row(*row)
    console = stdout()
    console.print(f"{made.title}; {results['trajectories']:,} trajectories")
    console.print(shown)
    console.print(f"tables with intervals and figures are in {out}: trajectory.md, figure-2.png, figure-2-repair.png")
