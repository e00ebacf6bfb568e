"""Which excerpts of source files become snippets of a corpus."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from pipeline.benchmarks.overlap import normalise
from pipeline.corpus.building.excel import is_dangling
from pipeline.corpus.building.excerpts import Excerpt, Length, SnippetReason
from pipeline.corpus.building.secrets import scrub
from validators import Language


class Sieve:
    """Judges excerpts and counts what becomes of them: ``found = kept + sum(left_out)``.

    Sketches are compared inside one source only: across all it would flatten the distribution, which cost FLAME's
    authors 8 points of repair. Equal texts are kept once in all.
    """

    def __init__(
        self, language: Language, length: Length, per_sketch: int = 1, benchmarks: Collection[bytes] = frozenset()
    ) -> None:
        """Make an empty sieve.

        Args:
            language: of all sources.
            length: that a snippet may have.
            per_sketch: snippets of one sketch that are kept of a source.
            benchmarks: texts that no snippet may equal, normalised.
        """
        self.found = 0
        self.kept = 0
        self.left_out: Counter[SnippetReason] = Counter()
        self.scrubbed: Counter[str] = Counter()  # snippets in which a secret was replaced, by the kind of secret
        self._language = language
        self.length = length
        self._per_sketch = per_sketch
        self._benchmarks = benchmarks
        self._seen: set[bytes] = set()

    def sift(self, source: Iterable[Excerpt]) -> Iterator[Excerpt]:
        """The excerpts of one source that are kept, in their order."""
        sketches: Counter[str] = Counter()
        for excerpt in source:
            self.found += 1
            outcome = self._judge(excerpt.code, sketches)
            if isinstance(outcome, SnippetReason):
                self.left_out[outcome] += 1
            else:
                self.kept += 1
                yield excerpt._replace(code=outcome)

    def _judge(self, code: str, sketches: Counter[str]) -> str | SnippetReason:
        """The cheap tests first."""
        language = self._language
        reason = self.length.judge(language, code)
        if reason is not None:
            return reason
        if language.name == "excel" and is_dangling(code):
            return SnippetReason.DANGLING
        if _mark(code) in self._seen:
            return SnippetReason.DUPLICATE
        sketch = language.sketch(code)
        if sketches[sketch] >= self._per_sketch:
            return SnippetReason.DUPLICATE_SKETCH
        if self._benchmarks and normalise(code) in self._benchmarks:
            return SnippetReason.BENCHMARK
        if not language.check(code).accepted:
            return SnippetReason.DOES_NOT_PARSE
        clean, secrets = scrub(code)
        if secrets:
            if not language.check(clean).accepted:
                return SnippetReason.SECRET
            if _mark(clean) in self._seen:
                return SnippetReason.DUPLICATE
            self.scrubbed.update(secrets)
        self._seen.add(_mark(clean))
        sketches[sketch] += 1
        return clean


def _mark(code: str) -> bytes:
    return hashlib.sha256(code.encode("utf-8", "surrogatepass")).digest()[:16]
