"""The corpus that a language has of its own, for runs without --corpus."""

from __future__ import annotations

import hashlib
import platform
import sysconfig
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from generators.diffusion.checkpoint import BUNDLED
from pipeline.corpus.building.excerpts import Length, SkippedFileError
from pipeline.corpus.building.python import read_python
from pipeline.corpus.building.sieve import Sieve
from pipeline.corpus.files import Corpus
from schemas.errors import RequestError
from validators import get_language

if TYPE_CHECKING:
    from pipeline.corpus.base import CorpusSource

FILE = "corpus.jsonl.gz"  # what a diffusion model generated, the one beside it or an earlier one; `source` names it

EXTRACTOR = 1  # raise it with every change of what is cut out of the standard library
PER_MODULE = 40  # snippets at most


def default_corpus(language: str) -> CorpusSource:
    """What a diffusion model of the project generated; for Python, the interpreter's standard library.

    Raises:
        RequestError: the language has neither.
    """
    bundled = BUNDLED / language / FILE
    if bundled.is_file():
        return Corpus(str(bundled), name=f"what a model of {language} generated")
    if language == "python":
        return StandardLibrary()
    raise RequestError(
        f"no corpus comes with the project for {language}: give one with --corpus, as a file that "
        f"`corpus --language {language}` builds"
    )


class StandardLibrary:
    """Snippets of the running interpreter's standard library: of its plain modules, without its packages and tests.

    Nothing is cut before it is asked for: the interpreter's version, the extractor's and the modules are the identity.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """Find the modules; ``folder`` is another place than that of the running interpreter."""
        folder = folder or Path(sysconfig.get_path("stdlib"))
        self.name = f"standard library of {platform.python_implementation()} {platform.python_version()}"
        self._files = sorted(file for file in folder.glob("*.py") if file.is_file())
        sha = hashlib.sha256(f"{self.name}, extractor {EXTRACTOR}".encode())
        for file in self._files:
            data = file.read_bytes()
            sha.update(f"{file.name}:{len(data)}:".encode() + data)
        self.identity = sha.hexdigest()

    def rows(self) -> Iterator[tuple[str, str | None]]:
        """The first snippets of every module, as `corpus` would keep them."""
        sieve = Sieve(get_language("python"), Length())
        for file in self._files:
            try:
                for excerpt in islice(sieve.sift(read_python(file.read_bytes(), sieve.length)), PER_MODULE):
                    yield excerpt.code, f"{file.name}:{excerpt.line}"
            except SkippedFileError:
                continue  # a module of an encoding of its own, as an interpreter's tests of itself may be
