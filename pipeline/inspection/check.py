"""The snippets in a file and the verdicts on them."""

from __future__ import annotations

import gzip
import json
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

from schemas.errors import RequestError
from validators import Verdict

_PARQUET_BATCH = 1_000  # rows in memory at a time


def is_table(file: str) -> bool:
    """Whether a name stands for many snippets: JSON lines, Parquet or the folder of a published dataset."""
    return file.endswith((".jsonl", ".jsonl.gz", ".parquet")) or Path(file).is_dir()


def read_snippets(file: str, column: str, language: str) -> Iterator[str]:
    """The snippets in a file, in its order.

    Args:
        file: a source file or - for standard input, which are one snippet; JSON lines (also gzipped) or Parquet; or the
            folder of a published dataset, of which the configuration ``language`` is read.
        column: where a snippet lies in a row.
        language: name of the language.

    Raises:
        RequestError: missing, empty, damaged, or without the column.
    """
    try:
        if not is_table(file):
            yield _read_source(file)
        elif file.endswith(".parquet"):
            yield from _read_parquet(Path(file), column)
        elif Path(file).is_dir():
            yield from _read_dataset(file, column, language)
        else:
            yield from _read_json_lines(file, column)
    except OSError as error:
        raise RequestError(f"cannot read {file}: {error.strerror or error}") from error


def _read_source(file: str) -> str:
    data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    name = "standard input" if file == "-" else file
    if not data:
        raise RequestError(f"{name} is empty: it holds no snippet")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RequestError(f"{name} is not UTF-8 text: byte {error.start + 1} is 0x{data[error.start]:02x}") from error


def _read_json_lines(file: str, column: str) -> Iterator[str]:
    number = 0
    with _open(file) as lines:
        try:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield _value(line, column, f"{file}, line {number}")
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise RequestError(f"{file} is truncated or damaged after line {number}: {error}") from error


def _open(file: str) -> BinaryIO:
    return cast(BinaryIO, gzip.open(file)) if file.endswith(".gz") else Path(file).open("rb")


def _value(line: bytes, column: str, where: str) -> str:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise RequestError(f"{where} is not JSON: give an object a line, as {{{json.dumps(column)}: ...}}") from error
    if not isinstance(row, dict):
        raise RequestError(f"{where} is not a JSON object: give one a line, as {{{json.dumps(column)}: ...}}")
    return _text(row, column, where)


def _text(row: dict[str, Any], column: str, where: str) -> str:
    if column not in row:
        raise RequestError(f"{where} has no column {column!r} but {', '.join(sorted(row)) or 'none'}; see --column")
    if not isinstance(row[column], str):
        raise RequestError(f"{where}: column {column!r} holds {type(row[column]).__name__}, not text; see --column")
    return str(row[column])


def _read_parquet(path: Path, column: str) -> Iterator[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with path.open("rb") as stream:
            parquet = pq.ParquetFile(stream)
            names = parquet.schema_arrow.names
            batches = parquet.iter_batches(_PARQUET_BATCH, columns=[column] if column in names else names)
            rows = (row for batch in batches for row in batch.to_pylist())
            for number, row in enumerate(rows, 1):
                yield _text(row, column, f"{path}, row {number}")
    except pa.ArrowException as error:
        raise RequestError(f"{path} is no Parquet file, or damaged: {str(error).splitlines()[0]}") from error


def _read_dataset(folder: str, column: str, language: str) -> Iterator[str]:
    from pipeline.dataset.version import read_manifest
    from pipeline.files.storage import Storage

    published = read_manifest(Storage(folder))
    if published is None:
        raise RequestError(f"{folder} is a folder without a published dataset: give a file")
    files = [file for file in published[0].files if file.config == language]
    if not files:
        configs = ", ".join(sorted({file.config for file in published[0].files}))
        raise RequestError(f"{folder} has no configuration {language!r} but {configs}; see --language")
    for file in files:
        yield from _read_parquet(Path(folder, file.path), column)


def verdict_dict(verdict: Verdict) -> dict[str, Any]:
    """A verdict as `check --json` prints it."""
    return {
        "accepted": verdict.accepted,
        "kind": verdict.kind,
        "message": verdict.message,
        "line": verdict.line,
        "column": verdict.column,
    }
