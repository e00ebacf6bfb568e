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
            reason = f"{type(error).__name__}: {error}"
            raise RequestError(
                f"corpus {uri} cannot be read ({reason}): give a .jsonl, .jsonl.gz or .parquet file"
            ) from error
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
            except (ValueError, KeyError, TypeError, RecursionError) as error:
                raise RequestError(
                    f"corpus {self.uri}, line {number}: not a JSON object with a {COLUMN!r} field; "
                    "the file may be truncated"
                ) from error
            if not isinstance(code, str):
                raise RequestError(f"corpus {self.uri}, line {number}: {COLUMN!r} is not a string")
            yield code

    def _parquet(self) -> Iterator[str]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            file = pq.ParquetFile(BytesIO(self._data))
            names = file.schema_arrow.names
            codes = file.read(columns=[COLUMN]).column(COLUMN).to_pylist() if COLUMN in names else None
        except (pa.ArrowException, OSError, ValueError) as error:
            reason = " ".join(str(error).split())  # Parquet's errors may have several lines
            raise RequestError(f"corpus {self.uri} is truncated or damaged ({reason}): copy it anew") from error
        if codes is None:
            raise RequestError(f"corpus {self.uri} has no {COLUMN!r} column; it has {', '.join(names)}")
        for number, code in enumerate(codes, 1):
            if not isinstance(code, str):
                raise RequestError(f"corpus {self.uri}, row {number}: {COLUMN!r} is not a string")
            yield code
