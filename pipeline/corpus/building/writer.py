"""Writing a corpus: the same rows always give the same bytes, and the file appears whole or not at all."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from pipeline.corpus.files import EXTENSIONS
from pipeline.files.storage import Storage
from schemas.errors import RequestError


class CorpusRow(NamedTuple):
    """A snippet and where it is from."""

    code: str
    source: str
    line: int | None = None  # from 1; None where the source has no lines


def prepare_output(out: str) -> None:
    """Find out before the work that a corpus can be written there.

    Raises:
        RequestError: it cannot.
    """
    if not out.endswith(EXTENSIONS):
        raise RequestError(f"--out {out} must end with one of {', '.join(EXTENSIONS)}")
    if "://" in out:
        return
    folder = Path(out).absolute().parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RequestError(f"cannot write to {folder} ({error.strerror}): choose another --out") from error
    if not os.access(folder, os.W_OK) or Path(out).is_dir():
        raise RequestError(f"cannot write {out}: choose another --out")


def write_rows(out: str, rows: Sequence[CorpusRow]) -> str:
    """Write a corpus; gives the SHA-256 of the file, in hex.

    Raises:
        StorageError: it cannot be written.
    """
    data = _parquet(rows) if out.endswith(".parquet") else _json_lines(rows)
    if out.endswith(".gz"):
        data = gzip.compress(data, mtime=0)
    folder, _, name = out.rpartition("/")
    Storage(folder or ("/" if out.startswith("/") else ".")).write(name, data)
    return hashlib.sha256(data).hexdigest()


def _json_lines(rows: Sequence[CorpusRow]) -> bytes:
    lines = ({k: v for k, v in row._asdict().items() if v is not None} for row in rows)
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


def _parquet(rows: Sequence[CorpusRow]) -> bytes:
    import pyarrow as pa

    from pipeline.files.parquet import encode

    schema = pa.schema([("code", pa.string()), ("source", pa.string()), ("line", pa.int64())])
    return encode(pa.Table.from_pylist([row._asdict() for row in rows], schema=schema))
