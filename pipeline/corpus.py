"""Reading a corpus of correct snippets: JSON lines (also gzipped) or Parquet, with a `code` column."""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterator
from io import BytesIO

import fsspec

from schemas.errors import RequestError

COLUMN = "code"


class Corpus:
    """A corpus file, read whole and once; its content is its identity."""

    def __init__(self, uri: str) -> None:
        """Raises RequestError where the file is missing, empty or unreadable."""
        self.uri = uri
        try:
            with fsspec.open(uri, "rb") as file:
                self._data: bytes = file.read()
        except (OSError, ValueError, ImportError) as error:
            raise RequestError(f"corpus {uri} cannot be read ({error}): give a .jsonl, .jsonl.gz or .parquet file") from error
        if not self._data:
            raise RequestError(f"corpus {uri} is empty: give a file with one snippet a line")
        self.sha256 = hashlib.sha256(self._data).hexdigest()

    def snippets(self) -> list[str]:
        """Every snippet, in file order.

        Raises:
            RequestError: truncated, not of a known format, or without a `code` column.
        """
        snippets = list(self._parquet() if self.uri.endswith(".parquet") else self._json_lines())
        if not snippets:
            raise RequestError(f"corpus {self.uri} holds no snippet: give a file with one snippet a line")
        return snippets

    def _json_lines(self) -> Iterator[str]:
        data = self._data
        if data[:2] == b"\x1f\x8b":
            try:
                data = gzip.decompress(data)
            except (EOFError, OSError, zlib.error) as error:
                raise RequestError(f"corpus {self.uri} is truncated or damaged ({error}): copy it anew") from error
        for number, line in enumerate(data.split(b"\n"), 1):
            if not line.strip():
                continue
            try:
                code = json.loads(line)[COLUMN]
            except (ValueError, KeyError, TypeError) as error:
                raise RequestError(
                    f"corpus {self.uri}, line {number}: not a JSON object with a {COLUMN!r} field; the file may be truncated"
                ) from error
            if not isinstance(code, str):
                raise RequestError(f"corpus {self.uri}, line {number}: {COLUMN!r} is not a string")
            yield code

    def _parquet(self) -> Iterator[str]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            column = pq.read_table(BytesIO(self._data), columns=[COLUMN]).column(COLUMN)
        except (pa.ArrowException, KeyError) as error:
            raise RequestError(f"corpus {self.uri} is no Parquet file with a {COLUMN!r} column ({error})") from error
        for code in column.to_pylist():
            if not isinstance(code, str):
                raise RequestError(f"corpus {self.uri}: {COLUMN!r} holds something that is not a string")
            yield code
