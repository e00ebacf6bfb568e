"""Commands on snippets of code."""

from __future__ import annotations

from collections import Counter
from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.options import LANGUAGE_NAMES, Json, SnippetFile, option, require_language
from pipeline.cli.output import counts_table, print_json, stdout
from pipeline.display.terminal import printable
from schemas.errors import RequestError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from validators import Verdict
    from validators.powershell.reference import ParserError, Reference


def check(
    file: SnippetFile,
    language: Annotated[str, option(help=LANGUAGE_NAMES)],
    column: Annotated[str, typer.Option(help="Column that holds the snippet, such as `fixed`.")] = "code",
    reference: Annotated[
        str | None, option(metavar="PWSH", help="Executable of PowerShell 7 to compare the verdicts with.")
    ] = None,
    strict: Annotated[bool, option("--strict", help="Exit with code 1 if a snippet is rejected.")] = False,
    as_json: Json = False,
) -> None:
    """Verdicts on code: accepted, or what is wrong and where."""
    from pipeline.inspection.check import is_table, read_snippets, verdict_dict
    from validators import get_language

    require_language(language)
    judge = get_language(language).check
    kinds: Counter[str] = Counter()
    differing: list[str] = []
    with _open_reference(reference, language) as asked:
        for number, snippet in enumerate(read_snippets(file, column, language), 1):
            verdict = judge(snippet)
            errors = asked.errors(snippet) if asked else None
            kinds["accepted" if verdict.accepted else str(verdict.kind)] += 1
            if errors is not None and verdict.accepted == bool(errors):
                differing.append(f"{number}: {_line(verdict)} here, {_said(snippet, errors)} by {reference}")
            if as_json:
                says = {} if errors is None else {"reference": {"accepted": not errors, "errors": _ids(errors)}}
                print_json({**verdict_dict(verdict), **says})
            elif not is_table(file):
                stdout().print(_line(verdict))
    total = kinds.total()
    if not total:
        raise RequestError(f"{file} holds no snippet: there is nothing to check")
    if is_table(file) and not as_json:
        stdout().print(counts_table("snippets", total, dict(kinds.most_common())))
    if reference and not as_json:
        for line in [*differing, f"{reference} gives the same verdict on {total - len(differing):,} of {total:,}"]:
            stdout().print(line)
    if strict and kinds["accepted"] < total:
        raise typer.Exit(1)


def _open_reference(executable: str | None, language: str) -> AbstractContextManager[Reference | None]:
    if executable is None:
        return nullcontext()
    if language != "powershell":
        raise RequestError(f"--reference asks PowerShell, which judges no {language}: leave it out")
    from validators.powershell.reference import open_reference

    return open_reference(executable)


def _line(verdict: Verdict) -> str:
    if verdict.accepted:
        return "accepted"
    message = printable(verdict.message or "")
    return f"rejected at line {verdict.line}, column {verdict.column}: {verdict.kind}: {message}"


def _said(code: str, errors: list[ParserError]) -> str:
    """The reference's first error with its line and column."""
    if not errors:
        return "accepted"
    before = code.encode("utf-16-le", "surrogatepass")[: 2 * errors[0].start].decode("utf-16-le", "replace")
    line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    return f"rejected at line {line}, column {column}: {errors[0].id}: {printable(errors[0].message)}"


def _ids(errors: list[ParserError]) -> list[list[str | int]]:
    return [[error.id, error.start, error.end] for error in errors]
