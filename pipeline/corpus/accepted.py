"""The snippets of a corpus that the language accepts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from generators.base import Snippet
from schemas.errors import RequestError
from schemas.ids import digest
from validators import ErrorKind, Verdict, get_language

if TYPE_CHECKING:
    from pipeline.corpus.base import CorpusSource

_LIMITS = (ErrorKind.TOO_LONG, ErrorKind.TOO_DEEP)
_LONGEST_SOURCE = 120  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedSnippets:
    """What of a corpus a baseline generator can start from; ``read`` is the sum of all the others."""

    snippets: list[Snippet]
    read: int
    rejected: int  # by the parser
    too_long: int  # or too deep: beyond what the language's parser is given
    duplicates: int  # of an earlier snippet, accepted or not

    def summary(self) -> str:
        """One line."""
        parts = [f"{self.rejected:,} rejected by the parser", f"{self.too_long:,} too long"]
        left_out = ", ".join([*parts, f"{self.duplicates:,} duplicates"])
        return f"corpus: {len(self.snippets):,} of {self.read:,} snippets are used ({left_out})"


def accepted_snippets(source: CorpusSource, language: str) -> AcceptedSnippets:
    """Judge a corpus; its order is kept.

    Raises:
        RequestError: the parser rejects more than half of the distinct snippets, so that the corpus seems to be of
            another language; or none is left; or the corpus is damaged.
    """
    judge = get_language(language).check
    snippets: list[Snippet] = []
    seen: set[str] = set()
    read = too_long = rejected = 0
    first: tuple[str, Verdict] | None = None
    for code, origin in source.rows():
        read += 1
        if code in seen:
            continue
        seen.add(code)
        verdict = judge(code)
        if verdict.accepted:
            snippets.append(Snippet(code, source_id(code, origin)))
        elif verdict.kind in _LIMITS:
            too_long += 1
        else:
            rejected += 1
            first = first or (code, verdict)
    if first is not None and 2 * rejected > len(seen):
        code, verdict = first
        raise RequestError(
            f"corpus {source.name} seems to be of another language: {rejected:,} of {len(seen):,} snippets are no "
            f"{language}; the first of them: {code[:60]!r}, {verdict.kind} at {verdict.line}:{verdict.column}, "
            f"{verdict.message}"
        )
    if not snippets:
        raise RequestError(f"corpus {source.name} holds no snippet of {language} that can be used, of {read:,} read")
    return AcceptedSnippets(
        snippets=snippets, read=read, rejected=rejected, too_long=too_long, duplicates=read - len(seen)
    )


def source_id(code: str, origin: str | None) -> str:
    """Where a snippet is from, where that is known, and 12 hexadecimal digits of its digest."""
    mark = digest(code)[:12]
    if not origin:
        return mark
    if len(origin) > _LONGEST_SOURCE:
        origin = f"{origin[:39]}...{origin[-(_LONGEST_SOURCE - 42) :]}"
    return f"{origin.encode('utf-8', 'replace').decode()}#{mark}"
