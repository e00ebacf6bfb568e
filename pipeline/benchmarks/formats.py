"""Benchmarks: pairs of broken code and its truth, or broken code alone, from the files in which people publish them.

Every format comes down to rows with named columns:

- a JSON list of objects, as microsoft/prose-benchmarks has it: ``Buggy``, ``GroundTruth``, and if there are any
  ``Tests``, a list of ``{"Input", "Output"}``;
- PyDex, a file or a folder of them: objects with ``syntax_incorrect`` and ``semantics_correct``, in a list or under
  ``submission``, with the tests of all of them under ``IO_example``;
- BIFI's bad code: objects with ``code_string``, in a list or under their names; there is no truth;
- JSON lines, also gzipped, and Parquet.

Names are compared without regard to case and underscores. Other columns are ignored.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import fsspec

from pipeline.benchmarks.benchmark import Benchmark, Problem, ProgramTest
from schemas.config import LanguageName
from schemas.errors import RequestError
from validators.languages import LANGUAGES

BROKEN = ("buggy", "broken", "syntaxincorrect", "codestring", "code")
FIXED = ("groundtruth", "fixed", "semanticscorrect")
TESTS = ("tests", "ioexample")

_PYDEX = "syntaxincorrect"
# What the editor of PyDex's course wrote above each program.
_HEADER = re.compile(r"(?:[ \t]*#[ \t]*(?:compile-errors|compile-result|save-event):[^\n]*(?:\n|\Z)|[ \t\r]*\n)+")

Row = dict[str, Any]


def load_benchmark(
    path: str | Path, language: str, *, broken_column: str | None = None, fixed_column: str | None = None
) -> Benchmark:
    """Read a benchmark.

    Args:
        path: a .json, .jsonl or .parquet file, the first two also gzipped, local or a URI; or a local folder of PyDex's
            JSON files.
        language: that the code is of.
        broken_column: name of the column with the broken code; if not given, the first of `BROKEN` that a row has.
        fixed_column: name of the column with the truth; if not given, the first of `FIXED`, if there is one.

    Raises:
        RequestError: unknown language, unreadable or damaged, no rows, or a row without broken code.
    """
    if language not in LANGUAGES:
        raise RequestError(f"language {language!r} is unknown; choose one of {', '.join(LANGUAGES)}")
    contents = read_files(path)
    return Benchmark(
        name=Path(path).name,
        sha256=content_hash(contents),
        language=cast(LanguageName, language),
        problems=_problems(path, contents, broken_column, fixed_column),
    )


def read_problems(path: str | Path) -> tuple[Problem, ...]:
    """The problems of a benchmark in any of the formats, whatever its language.

    Raises:
        RequestError: as of `load_benchmark`.
    """
    return _problems(path, read_files(path), None, None)


def read_files(path: str | Path) -> dict[Path, bytes]:
    """The content of each file of a benchmark: of one file, local or a URI, or of a local folder of PyDex's.

    Raises:
        RequestError: a file cannot be read.
    """
    place = Path(path)
    try:
        if place.is_dir():
            return {file: file.read_bytes() for file in sorted(place.glob("*.json"))}
        if place.is_file():
            return {place: place.read_bytes()}
        with fsspec.open(str(path), "rb") as stream:
            return {place: bytes(stream.read())}
    except (OSError, ImportError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        raise RequestError(
            f"benchmark {path} cannot be read ({reason}): give a .json, .jsonl or .parquet file"
        ) from error


def content_hash(contents: Mapping[Path, bytes]) -> str:
    """SHA-256, in hex, of one file, or of the hashes of all files of a folder."""
    hashes = [hashlib.sha256(content) for content in contents.values()]
    return (hashes[0] if len(hashes) == 1 else hashlib.sha256(b"".join(each.digest() for each in hashes))).hexdigest()


def _problems(
    path: str | Path, contents: Mapping[Path, bytes], broken_column: str | None, fixed_column: str | None
) -> tuple[Problem, ...]:
    rows = (row for file, content in contents.items() for row in _rows(file, content))
    problems = tuple(
        _problem(row, number, f"benchmark {path}, row {number}", broken_column, fixed_column)
        for number, row in enumerate(rows)
    )
    if not problems:
        raise RequestError(f"benchmark {path} holds no problem: give a file of broken code")
    return problems


def _rows(file: Path, content: bytes) -> Iterator[Row]:
    if content[:2] == b"\x1f\x8b":
        try:
            content = gzip.decompress(content)
        except (EOFError, OSError, zlib.error) as error:
            raise RequestError(f"benchmark {file} is truncated or damaged ({error}): copy it anew") from error
    if file.suffix == ".parquet":
        return _parquet_rows(file, content)
    if file.name.endswith((".jsonl", ".jsonl.gz")):
        return _checked((_json(f"{file}, line {n}", line) for n, line in _lines(content)), file)
    return _checked(_document_rows(_json(str(file), content)), file)


def _lines(content: bytes) -> Iterator[tuple[int, bytes]]:
    return ((number, line) for number, line in enumerate(content.split(b"\n"), 1) if line.strip())


def _json(where: str, content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise RequestError(f"benchmark {where} is not JSON: {error}") from error


def _document_rows(document: Any) -> Iterable[Any]:
    """The rows of a JSON document, whoever published it."""
    if not isinstance(document, dict):
        return document if isinstance(document, list) else [document]
    if isinstance(document.get("submission"), list):  # PyDex: one assignment, whose tests every program shall pass
        tests = {"tests": document.get("IO_example")}
        return [row | tests if isinstance(row, dict) else row for row in document["submission"]]
    if document and all(isinstance(value, dict) for value in document.values()):  # BIFI: rows by their names
        return document.values()
    return [document]


def _checked(rows: Iterable[Any], file: Path) -> Iterator[Row]:
    for row in rows:
        if not isinstance(row, dict):
            raise RequestError(f'benchmark {file}: a row is {type(row).__name__}, not an object with "Buggy"')
        yield row


def _parquet_rows(file: Path, content: bytes) -> Iterator[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        yield from pq.ParquetFile(io.BytesIO(content)).read().to_pylist()
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise RequestError(f"benchmark {file} is no Parquet file, or damaged: {reason}") from error


def _problem(row: Row, number: int, where: str, broken_column: str | None, fixed_column: str | None) -> Problem:
    names = {_plain(name): name for name in reversed(row)}
    broken_name = _column(row, names, broken_column, BROKEN)
    fixed_name = _column(row, names, fixed_column, FIXED)
    if broken_name is None or (fixed_name is None and fixed_column is not None):
        wanted = fixed_column if broken_name is not None else broken_column or "Buggy"
        raise RequestError(
            f"{where} has no column {wanted!r} but {', '.join(row) or 'none'}; name the columns with --broken-column "
            "and --fixed-column"
        )
    broken = _text(row, broken_name, where)
    fixed = None if fixed_name is None or row[fixed_name] is None else _text(row, fixed_name, where)
    if _plain(broken_name) == _PYDEX:
        broken, fixed = _without_header(broken), None if fixed is None else _without_header(fixed)
    tests = next((row[names[name]] for name in TESTS if name in names), None)
    return Problem(id=str(number), broken=broken, fixed=fixed, tests=tuple(_tests(tests, where)))


def _column(row: Row, names: Mapping[str, str], wanted: str | None, usual: tuple[str, ...]) -> str | None:
    if wanted is not None:
        return wanted if wanted in row else None
    return next((names[name] for name in usual if name in names), None)


def _plain(name: str) -> str:
    return name.replace("_", "").casefold()


def _text(row: Row, column: str, where: str) -> str:
    if not isinstance(row[column], str):
        raise RequestError(f"{where}: column {column!r} holds {type(row[column]).__name__}, not text")
    return str(row[column])


def _tests(tests: Any, where: str) -> Iterator[ProgramTest]:
    for test in tests or ():
        sides = {_plain(name): value for name, value in test.items()} if isinstance(test, dict) else {}
        stdin, stdout = sides.get("input"), sides.get("output")
        if not isinstance(stdin, str) or not isinstance(stdout, str):
            raise RequestError(f'{where}: a test is no object with texts as "Input" and "Output"')
        yield ProgramTest(stdin=stdin, stdout=stdout)


def _without_header(code: str) -> str:
    """A program of PyDex without what the editor wrote above it, and without blank lines at both ends."""
    header = _HEADER.match(code)
    return code[header.end() if header else 0 :].rstrip()
