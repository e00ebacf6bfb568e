"""A Hugging Face dataset as a corpus."""

from __future__ import annotations

import hashlib
import logging
import sys
from collections.abc import Iterator
from itertools import repeat
from typing import Any

from pipeline.corpus.columns import Row, checked, code_column, source_column
from schemas.errors import RequestError

_BATCH = 10_000  # rows in memory at a time


class HubDataset:
    """A split of a dataset, downloaded once to the library's cache; its texts are the identity.

    The identity needs a pass over the texts: seconds for a million snippets, after the download.
    """

    def __init__(self, path: str, config: str | None, split: str, column: str | None = None) -> None:
        """Load a dataset.

        Raises:
            RequestError: no such dataset, configuration, split or column; or the hub cannot be reached.
        """
        import datasets  # type: ignore[import-untyped]

        if not sys.stderr.isatty():
            datasets.disable_progress_bars()
        logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # it would tell of every retry
        self.name = path + (f":{config}" if config else "") + f"@{split}"
        try:
            self._table = datasets.load_dataset(path, config, split=split)
        except Exception as error:  # the library, the hub's client and its HTTP client raise their own kinds
            lines = str(error).strip().splitlines() or [""]
            raise RequestError(
                f"corpus {path} is no file here, and as a Hugging Face dataset it cannot be loaded: "
                f"{type(error).__name__}: {lines[0][:300]}"
            ) from error
        names = self._table.column_names
        self._column = code_column(names, column, f"dataset {self.name}")
        self._source = source_column(names)
        sha = hashlib.sha256()
        for row in self.rows():
            for text in row:
                data = (text or "").encode("utf-8", "surrogatepass")
                sha.update(f"{len(data)}:".encode() + data)
        self.identity = sha.hexdigest()

    def rows(self) -> Iterator[Row]:
        """Code and source of every row of the split.

        Raises:
            RequestError: a code is no text.
        """
        columns = [self._column] if self._source is None else [self._column, self._source]
        number = 1
        for batch in self._table.select_columns(columns).iter(batch_size=_BATCH):
            texts: dict[str, list[Any]] = batch
            codes = texts[self._column]
            sources = repeat(None, len(codes)) if self._source is None else texts[self._source]
            yield from checked(codes, sources, f"dataset {self.name}", number)
            number += len(codes)
