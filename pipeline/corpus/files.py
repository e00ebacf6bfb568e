"""Corpora in files: JSON lines (also gzipped) or Parquet."""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import repeat
from typing import Any

import fsspec

from pipeline.corpus.columns import Row, checked, code_column, source_column
from schemas.errors import RequestError
from schemas.ids import fingerprint

EXTENSIONS = (".jsonl", ".jsonl.gz", ".parquet")


class Corpus:
    """A corpus file, read whole and once; its content is its identity."""

    def __init__(self, uri: str, column: str | None = None, name: str | None = None) -> None:
        """Open a file of any file system.

        Args:
            uri: local path or fsspec URI; Parquet where it ends with .parquet, else JSON lines.
            column: with the code; see `code_column`.
            name: for messages; the base name of the file if not given.

        Raises:
            RequestError: missing, empty or unreadable.
        """
        self.uri = uri
        self.name = name or uri.rstrip("/").rpartition("/")[2]
        self._column = column
        try:
            with fsspec.open(uri, "rb") as file:
                self._data: bytes = file.read()
        except (OSError, ValueError, ImportError) as error:
            reason = f"{type(error).__name__}: {error}"
            raise RequestError(
                f"corpus {uri} cannot be read ({reason}): give a .jsonl, .jsonl.gz or .parquet file"
            ) from error
        if not self._data:
            raise RequestError(f"corpus {uri} is empty: give a file with one snippet a line")
        self.sha256 = hashlib.sha256(self._data).hexdigest()
        self.identity = self.sha256

    def rows(self) -> Iterator[Row]:
        """Code and source of every row, in file order.

        Raises:
            RequestError: truncated, not of a known format, or without a column for the code.
        """
        yield from self._parquet() if self.uri.endswith(".parquet") else self._json_lines()

    def snippets(self) -> list[str]:
        """The code of every row, in file order.

        Raises:
            RequestError: as `rows`, or there is none.
        """
        snippets = [code for code, _ in self.rows()]
        if not snippets:
            raise RequestError(f"corpus {self.uri} holds no snippet: give a file with one snippet a line")
        return snippets

    def _json_lines(self) -> Iterator[Row]:
        data = self._data
        if data[:2] == b"\x1f\x8b":
            try:
                data = gzip.decompress(data)
            except (EOFError, OSError, zlib.error) as error:
                raise RequestError(f"corpus {self.uri} is truncated or damaged ({error}): copy it anew") from error
        column: str | None = None
        for number, line in enumerate(data.split(b"\n"), 1):
            if not line.strip():
                continue
            where = f"corpus {self.uri}, line {number}"
            row = _parse(line, where)
            if column is None:
                column = code_column(row, self._column, where)
            if column not in row:
                raise RequestError(f"{where}: not a JSON object with a {column!r} field")
            if not isinstance(row[column], str):
                raise RequestError(f"{where}: {column!r} is not a string")
            source = row.get(source_column(row) or "")
            yield row[column], None if source is None else str(source)

    def _parquet(self) -> Iterator[Row]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        where = f"corpus {self.uri}"
        try:
            file = pq.ParquetFile(BytesIO(self._data))
            names: list[str] = file.schema_arrow.names
            column = code_column(names, self._column, where)
            source = source_column(names)
            table = file.read(columns=[column] if source is None else [column, source])
            codes = table.column(column).to_pylist()
            sources = repeat(None, len(codes)) if source is None else table.column(source).to_pylist()
        except (pa.ArrowException, OSError, ValueError) as error:
            reason = " ".join(str(error).split())  # Parquet's errors may have several lines
            raise RequestError(f"corpus {self.uri} is truncated or damaged ({reason}): copy it anew") from error
        yield from checked(codes, sources, where)


class CorpusFolder:
    """Several corpus files as one, in the order of their names."""

    def __init__(self, uri: str, paths: Sequence[str], column: str | None = None) -> None:
        """Raises RequestError as `Corpus`."""
        self.name = uri.rstrip("/").rpartition("/")[2] or uri
        self._files = [Corpus(f"{uri.rstrip('/')}/{path}", column) for path in paths]
        self.identity = fingerprint([file.identity for file in self._files])

    def rows(self) -> Iterator[Row]:
        """Code and source of every row of every file."""
        for file in self._files:
            yield from file.rows()


def _parse(line: bytes, where: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise RequestError(f"{where}: not a JSON object; the file may be truncated") from error
    if not isinstance(row, dict):
        raise RequestError(f'{where}: not a JSON object; give one a line, as in {{"code": ...}}')
    return row
