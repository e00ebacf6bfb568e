"""Snippets of Python: functions, and short runs of statements, cut from the syntax tree."""

from __future__ import annotations

import ast
import io
import json
import re
import tokenize
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

from pipeline.corpus.building.excerpts import Excerpt, FileReason, Length, SkippedFileError, unindented
from validators import get_language

RUN = 4  # statements at most that make a snippet together

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_ALONE = (*_DEFINITIONS, ast.Return, ast.Break, ast.Continue)  # make no run: whole by themselves, or never accepted
_TRANSPARENT = re.compile(r"%%(?:capture|time|timeit|prun)\b")  # cell magics whose cell is Python all the same
_MAGIC = re.compile(r"\s*(?:[%!?]|[\w.]+\?{1,2}\s*$)")


def read_python(data: bytes, length: Length) -> Iterator[Excerpt]:
    """The snippets in a source file.

    Raises:
        SkippedFileError: binary, of an encoding that is not the one it declares (PEP 263), or no Python 3.
    """
    if b"\0" in data and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise SkippedFileError(FileReason.BINARY)
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        text = data.decode(encoding)
    except (SyntaxError, UnicodeError, LookupError) as error:
        raise SkippedFileError(FileReason.ENCODING, str(error)) from error
    yield from cut(text, length)


def read_notebook(data: bytes, length: Length) -> Iterator[Excerpt]:
    """The snippets in the code cells of a notebook; magics and shell commands are dropped.

    A cell that does not parse is given whole: it is counted like any other snippet that the parser refuses.

    Raises:
        SkippedFileError: not a notebook, or not of Python.
    """
    try:
        notebook = json.loads(data)
        metadata = notebook.get("metadata", {})
        language = metadata.get("kernelspec", {}).get("language") or metadata.get("language_info", {}).get("name")
        cells = list(_code_cells(notebook))
    except (ValueError, RecursionError, AttributeError, KeyError, TypeError) as error:
        raise SkippedFileError(FileReason.NOT_A_NOTEBOOK, f"{type(error).__name__}: {error}") from error
    if language not in (None, "python"):
        raise SkippedFileError(FileReason.OTHER_LANGUAGE, str(language))
    for cell in cells:
        code = without_magics(cell)
        try:
            yield from (Excerpt(excerpt.code) for excerpt in cut(code, length))
        except SkippedFileError:
            yield Excerpt(code)


def _code_cells(notebook: Any) -> Iterator[str]:
    if "cells" not in notebook and "worksheets" not in notebook:
        raise KeyError("cells")
    sheets = notebook.get("worksheets") or [notebook]  # before version 4 of the format
    for cell in (cell for sheet in sheets for cell in sheet["cells"]):
        if cell["cell_type"] == "code":
            source = cell["source"] if "source" in cell else cell["input"]
            yield source if isinstance(source, str) else "".join(source)


def without_magics(cell: str) -> str:
    """A cell's Python; nothing of a cell that its first line hands to another language."""
    lines = cell.replace("\r\n", "\n").split("\n")
    first = next((line.strip() for line in lines if line.strip()), "")
    if first.startswith("%%") and not _TRANSPARENT.match(first):
        return ""
    return "\n".join(line for line in lines if not _MAGIC.match(line)).strip("\n")


def cut(text: str, length: Length) -> Iterator[Excerpt]:
    """A module in snippets, in its order; every statement is in one of them at most.

    A function or a class is a snippet, its documentation left out, and so is a run of neighbouring statements; a blank
    line ends a run. What is too long is cut from its inside.

    Raises:
        SkippedFileError: it does not parse.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")  # as the parser counts lines
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except SyntaxError as error:
        raise SkippedFileError(FileReason.DOES_NOT_PARSE, f"line {error.lineno}: {error.msg}") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise SkippedFileError(FileReason.DOES_NOT_PARSE, f"{type(error).__name__}: {error}") from error
    language, lines = get_language("python"), text.split("\n")
    waiting = _runs(tree.body, lines, length)[::-1]
    while waiting:
        run = waiting.pop()
        code = _text(run, lines)
        bodies = _bodies(run, lines) if length.is_exceeded(language, code) else []
        inside = [inner for body in bodies for inner in _runs(body, lines, length)]
        waiting += inside[::-1]
        if not inside:
            yield Excerpt(code, _start(run[0]))


def _runs(body: Sequence[ast.stmt], lines: list[str], length: Length) -> list[list[ast.stmt]]:
    """Statements that make a snippet together; those that share a line stay together."""
    language = get_language("python")
    runs: list[list[ast.stmt]] = []
    for statement in body:
        before = runs[-1] if runs else None
        if before and _start(statement) <= _end(before[-1]):
            before.append(statement)
        elif _is_text(statement) or not _opens_line(statement, lines):
            continue
        elif (
            before
            and len(before) < RUN
            and not isinstance(before[-1], _ALONE)
            and not isinstance(statement, _ALONE)
            and all(line.strip() for line in lines[_end(before[-1]) : _start(statement) - 1])
            and not length.is_exceeded(language, _text([*before, statement], lines))
        ):
            before.append(statement)
        else:
            runs.append([statement])
    return runs


def _bodies(run: Sequence[ast.stmt], lines: list[str]) -> list[list[ast.stmt]]:
    """The blocks directly inside statements; an ``elif`` counts as the statement that it belongs to."""
    bodies: list[list[ast.stmt]] = []
    waiting = list(run)[::-1]
    while waiting:
        statement: Any = waiting.pop()
        for part in (statement, *getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
            bodies.append(getattr(part, "body", []))
        otherwise = getattr(statement, "orelse", [])
        if len(otherwise) == 1 and lines[otherwise[0].lineno - 1].lstrip().startswith("elif"):
            waiting.append(otherwise[0])
        else:
            bodies.append(otherwise)
        bodies.append(getattr(statement, "finalbody", []))
    return [body for body in bodies if body]


def _text(run: Sequence[ast.stmt], lines: list[str]) -> str:
    """The lines of a run from its first column, without documentation."""
    dropped = {number for statement in run for number in _documentation(statement, lines)}
    numbers = range(_start(run[0]), _end(run[-1]) + 1)
    return unindented([lines[number - 1] for number in numbers if number not in dropped])


def _documentation(statement: ast.stmt, lines: list[str]) -> Iterator[int]:
    """The numbers of the lines that document a definition which holds more than that."""
    waiting = [statement]
    while waiting:
        node = waiting.pop()
        if not isinstance(node, _DEFINITIONS):
            continue
        waiting += node.body
        if len(node.body) > 1 and _is_text(node.body[0]):
            text, following = node.body[0], node.body[1]
            if _opens_line(text, lines) and _opens_line(following, lines):
                yield from range(text.lineno, _end(text) + 1)
                yield from (n for n in range(_end(text) + 1, _start(following)) if not lines[n - 1].strip())


def _is_text(statement: ast.stmt) -> bool:
    """Whether a statement is nothing but a string."""
    constant = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(constant, ast.Constant) and isinstance(constant.value, str)


def _opens_line(statement: ast.stmt, lines: list[str]) -> bool:
    line = lines[statement.lineno - 1]
    return len(line) - len(line.lstrip()) == statement.col_offset  # both in ASCII up to there, or they differ


def _start(statement: ast.stmt) -> int:
    """The number of the first line, decorators included."""
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(node.lineno for node in decorators)])


def _end(statement: ast.stmt) -> int:
    return statement.end_lineno or statement.lineno
