"""A published dataset as a corpus: its fixed sides."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.corpus.columns import Row, checked, code_column
from pipeline.dataset.version import MANIFEST, read_manifest
from pipeline.files.parquet import decode, is_intact
from pipeline.files.storage import MissingFileError, Storage
from schemas.errors import RequestError
from schemas.ids import fingerprint


class PublishedDataset:
    """The distinct fixed sides of all splits; the checksums of the files are the identity."""

    def __init__(self, storage: Storage, language: str, column: str | None = None) -> None:
        """Raises RequestError where the dataset has no pairs of the language."""
        found = read_manifest(storage)
        if found is None:
            raise RequestError(f"corpus {storage.uri} has no {MANIFEST}: give the folder of a published dataset")
        files = found[0].files
        self._files = [file for file in files if file.config == language]
        if not self._files:
            configs = ", ".join(sorted({file.config for file in files})) or "none"
            raise RequestError(f"corpus {storage.uri} is a dataset of {configs}, not of {language}")
        self._storage = storage
        self._column = column or "fixed"
        self.name = storage.uri.rstrip("/").rpartition("/")[2]
        self.identity = fingerprint([file.sha256 for file in self._files])

    def rows(self) -> Iterator[Row]:
        """Each text at its first row, whose id is the source.

        Raises:
            RequestError: a file is gone or damaged, or has no such column.
        """
        seen: set[str] = set()
        for file in self._files:
            where = f"corpus {self._storage.uri}, {file.path}"
            try:
                data = self._storage.read(file.path)
            except MissingFileError as error:
                raise RequestError(f"{where} is gone; `verify` says what else is") from error
            if not is_intact(file, data):
                raise RequestError(f"{where} is not what was published; `verify` says what else is damaged")
            table = decode(data)
            column = code_column(table.column_names, self._column, where)
            for code, source in checked(table[column].to_pylist(), table["id"].to_pylist(), where):
                if code not in seen:
                    seen.add(code)
                    yield code, source
