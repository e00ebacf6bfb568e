"""From what a user names to a corpus."""

from __future__ import annotations

import os
import re

from pipeline.corpus.base import CorpusSource
from pipeline.corpus.files import EXTENSIONS, Corpus, CorpusFolder
from pipeline.dataset.version import MANIFEST
from pipeline.files.storage import Storage
from schemas.errors import RequestError

# owner/name, name, owner/name:config, owner/name@split, owner/name:config@split
_HUB_NAME = re.compile(r"(?P<path>(?:[\w.-]+/)?[\w.-]+)(?::(?P<config>[\w.-]+))?(?:@(?P<split>[\w.-]+))?")


def open_corpus(language: str, uri: str | None, column: str | None = None) -> CorpusSource:
    """The corpus that a user names.

    Args:
        language: that the snippets shall be of.
        uri: a .jsonl, .jsonl.gz or .parquet file; a folder of such files; a published dataset, of which the fixed sides
            are read; each of them a local path or an fsspec URI; or a Hugging Face dataset, NAME[:CONFIG][@SPLIT] with
            the split train if not given. None is the language's own corpus.
        column: with the code; if not given, the first of code, content and text, or fixed in a published dataset.

    Raises:
        RequestError: there is nothing under that name, or nothing that can be read.
    """
    if uri is None:
        from pipeline.corpus.building.default import default_corpus

        return default_corpus(language)
    if os.path.isdir(uri) or ("://" in uri and not uri.endswith(EXTENSIONS)):
        return _open_folder(language, uri, column)
    if uri.endswith(EXTENSIONS) or os.path.exists(uri):
        return Corpus(uri, column)
    name = _HUB_NAME.fullmatch(uri)
    if name is None:
        raise RequestError(f"corpus {uri} is not there: give a file, a folder or the name of a Hugging Face dataset")
    from pipeline.corpus.hub import HubDataset

    return HubDataset(name["path"], name["config"], name["split"] or "train", column)


def _open_folder(language: str, uri: str, column: str | None) -> CorpusSource:
    storage = Storage(uri)
    if storage.exists(MANIFEST):
        from pipeline.corpus.fixed_sides import PublishedDataset

        return PublishedDataset(storage, language, column)
    paths = [path for path in storage.list() if path.endswith(EXTENSIONS) and not _hidden(path)]
    if not paths:
        raise RequestError(f"corpus {uri} holds neither a published dataset nor a file of {', '.join(EXTENSIONS)}")
    return CorpusFolder(uri, paths, column)


def _hidden(path: str) -> bool:
    return any(part.startswith(".") for part in path.split("/"))
