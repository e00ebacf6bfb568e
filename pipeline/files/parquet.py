"""Arrow tables as Parquet files: the same rows always give the same bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.files.storage import MissingFileError, Storage
from schemas.errors import RunError
from schemas.manifest import StoredFile

ROW_GROUP = 10_000  # rows; what a streaming reader holds at a time


def encode(table: pa.Table) -> bytes:
    """A table as Parquet."""
    sink = pa.BufferOutputStream()
    pq.write_table(table.combine_chunks(), sink, compression="zstd", row_group_size=ROW_GROUP)
    return bytes(sink.getvalue())


def decode(data: bytes, columns: Sequence[str] | None = None) -> pa.Table:
    """The table in a Parquet file.

    Raises:
        pyarrow.ArrowException: it is none.
    """
    return pq.ParquetFile(pa.BufferReader(data)).read(columns=columns, use_threads=False)


def describe(path: str, data: bytes, rows: int) -> StoredFile:
    """What a reader can check a file by."""
    return StoredFile(path=path, rows=rows, bytes=len(data), sha256=hashlib.sha256(data).hexdigest())


def is_intact(file: StoredFile, data: bytes) -> bool:
    """Whether these are the bytes that were written."""
    return len(data) == file.bytes and hashlib.sha256(data).hexdigest() == file.sha256


def store(storage: Storage, path: str, table: pa.Table) -> StoredFile:
    """Write a table under a path."""
    data = encode(table)
    storage.write(path, data)
    return describe(path, data, table.num_rows)


def load(storage: Storage, file: StoredFile, columns: Sequence[str] | None = None) -> pa.Table:
    """Read a table that `store` wrote.

    Raises:
        RunError: the file is gone, or not what was written.
    """
    try:
        data = storage.read(file.path)
    except MissingFileError as error:
        raise RunError(f"{file.path} is gone; the same command makes it again") from error
    if not is_intact(file, data):
        raise RunError(f"{file.path} is not what was written; the same command makes it again")
    return decode(data, columns)
