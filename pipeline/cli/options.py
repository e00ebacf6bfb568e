"""Options that several commands share."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from schemas.errors import RequestError
from validators.languages import LANGUAGES

option = partial(typer.Option, show_default=False)  # where the help text itself says what happens without it

LANGUAGE_NAMES = ", ".join(LANGUAGES)

Out = Annotated[str, typer.Argument(metavar="OUT", help="Local path or URI of a dataset.", show_default=False)]
SnippetFile = Annotated[
    str,
    typer.Argument(
        metavar="FILE",
        help="A source file or - for standard input, which are one snippet; .jsonl, .jsonl.gz or .parquet; or the "
        "folder of a dataset.",
        show_default=False,
    ),
]
Json = Annotated[bool, option("--json", help="Print the results as JSON and nothing else.")]
Seed = Annotated[int, typer.Option("--seed", help="Random seed.")]
Settings = Annotated[
    list[str] | None, option("--set", metavar="KEY=VALUE", help="Change the setting at this dotted path; repeatable.")
]


def require_language(name: str) -> None:
    """Refuse a language that there is not.

    Raises:
        RequestError: with those that there are.
    """
    if name not in LANGUAGES:
        raise RequestError(f"language {name!r} is unknown; choose one of {LANGUAGE_NAMES}")
