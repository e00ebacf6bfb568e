"""Commands on snippets of code."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.options import LANGUAGE_NAMES, Json, SnippetFile, option, require_language
from pipeline.cli.output import counts_table, print_json, stdout
from pipeline.terminal import printable
from schemas.errors import RequestError

if TYPE_CHECKING:
    from validators import Verdict


def check(
    file: SnippetFile,
    language: Annotated[str, option(help=LANGUAGE_NAMES)],
    column: Annotated[str, typer.Option(help="Where a snippet lies in a row, as `fixed` in a dataset.")] = "code",
    strict: Annotated[bool, option("--strict", help="Exit with 1 if a snippet is rejected.")] = False,
    as_json: Json = False,
) -> None:
    """Verdicts on code: accepted, or what is wrong and where."""
    from pipeline.check import is_table, read_snippets, verdict_dict
    from validators import get_language

    require_language(language)
    judge = get_language(language).check
    kinds: Counter[str] = Counter()
    for snippet in read_snippets(file, column, language):
        verdict = judge(snippet)
        kinds["accepted" if verdict.accepted else str(verdict.kind)] += 1
        if as_json:
            print_json(verdict_dict(verdict))
        elif not is_table(file):
            stdout().print(_line(verdict))
    total = kinds.total()
    if not total:
        raise RequestError(f"{file} holds no snippet: there is nothing to check")
    if is_table(file) and not as_json:
        stdout().print(counts_table("snippets", total, dict(kinds.most_common())))
    if strict and kinds["accepted"] < total:
        raise typer.Exit(1)


def _line(verdict: Verdict) -> str:
    if verdict.accepted:
        return "accepted"
    message = printable(verdict.message or "")
    return f"rejected at line {verdict.line}, column {verdict.column}: {verdict.kind}: {message}"
