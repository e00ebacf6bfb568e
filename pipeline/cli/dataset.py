"""Commands on published datasets: look at pairs, check that every byte is there."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.cli.options import Json, Out, Seed, option
from pipeline.cli.output import print_blocks, print_json, stdout
from schemas.errors import RequestError


def show(
    out: Out,
    config: Annotated[str | None, option(help="Configuration, such as `excel_rejected`; default: the pairs.")] = None,
    split: Annotated[str | None, option(help="train, validation or test; default: all splits.")] = None,
    count: Annotated[int, typer.Option("-n", "--n", min=1, help="Number of pairs to show.")] = 10,
    seed: Seed = 0,
    pair_id: Annotated[str | None, option("--id", metavar="ID", help="Show the pair with this id.")] = None,
    max_distance: Annotated[int | None, option(min=0, help="Only pairs at most this many tokens apart.")] = None,
    as_json: Json = False,
) -> None:
    """Look at pairs: the broken side with what is wrong in red, the fixed side with what is right in green."""
    from pipeline.files.storage import Storage
    from pipeline.inspection.show import Choice, choose, find, render

    storage = Storage(out)
    choice = Choice(config=config, split=split, count=count, seed=seed, max_distance=max_distance)
    rows = choose(storage, choice) if pair_id is None else [find(storage, pair_id)]
    if as_json:
        for row in rows:
            print_json(row)
        return
    console = stdout()
    print_blocks(console, [render(row, markers=not console.is_terminal) for row in rows])


def verify(
    out: Out,
    deep: Annotated[bool, option("--deep", help="Also judge every pair again.")] = False,
    as_json: Json = False,
) -> None:
    """Check a published dataset: every file with its checksum and schema, the ledger, the card."""
    from pipeline.dataset.version import MANIFEST
    from pipeline.files.storage import Storage
    from pipeline.inspection.verify import verify as find_problems

    storage = Storage(out)
    if not storage.exists(MANIFEST):
        raise RequestError(f"{out} holds no published dataset; `status` says what there is")
    problems = find_problems(storage, deep=deep)
    if as_json:
        print_json({"out": out, "deep": deep, "problems": problems})
    elif problems:
        for problem in problems:
            stdout().print(problem)
    else:
        stdout().print(f"{out} is as it was published" + (", and every pair is judged as before" if deep else ""))
    if problems:
        raise typer.Exit(1)
