"""Judging a corpus: what is used, what is left out and why, and when it is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generators.base import Snippet
from pipeline.corpus import accepted_snippets
from schemas.errors import RequestError
from schemas.ids import digest

Rows = Sequence[tuple[str, str | None]]


class ListCorpus:
    """A corpus in memory."""

    name = "list"
    identity = "0"

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def rows(self) -> Iterator[tuple[str, str | None]]:
        yield from self._rows


def test_every_snippet_is_used_or_counted() -> None:
    long = "=" + "+".join(["A1"] * 5_000)
    corpus = [
        ("=B2", "x"),
        ("=SUM(A1", None),
        ("=A1+1", None),
        ("=B2", "y"),
        (long, "z"),
        ("=SUM(A1", None),
        ("=C3", "x"),
    ]
    accepted = accepted_snippets(ListCorpus(corpus), "excel")
    assert [snippet.code for snippet in accepted.snippets] == ["=B2", "=A1+1", "=C3"]
    assert (accepted.read, accepted.rejected, accepted.too_long, accepted.duplicates) == (7, 1, 1, 2)
    assert accepted.summary() == (
        "corpus: 3 of 7 snippets are used (1 rejected by the parser, 1 too long, 2 duplicates)"
    )


@given(st.lists(st.tuples(st.sampled_from(["=A1", "=B2", "=C3", "=A1+", "=" + "A" * 9_000]), st.none()), max_size=12))
def test_the_counts_add_up(rows: Rows) -> None:
    try:
        accepted = accepted_snippets(ListCorpus(rows), "excel")
    except RequestError:
        return
    assert accepted.read == len(rows)
    assert accepted.read == len(accepted.snippets) + accepted.rejected + accepted.too_long + accepted.duplicates
    assert [s.code for s in accepted.snippets] == list(dict.fromkeys(c for c, _ in rows if c in ("=A1", "=B2", "=C3")))


def test_a_snippet_is_named_by_its_source_and_its_digest() -> None:
    rows = [("=A1", "owner/repo:book.xlsx"), ("=B2", None), ("=C3", "")]
    snippets = accepted_snippets(ListCorpus(rows), "excel").snippets
    marks = [digest(code)[:12] for code, _ in rows]
    assert snippets == [
        Snippet("=A1", f"owner/repo:book.xlsx#{marks[0]}"), Snippet("=B2", marks[1]), Snippet("=C3", marks[2])
    ]  # fmt: skip


@given(st.text(min_size=1))
def test_any_source_gives_a_short_name_that_can_be_stored(source: str) -> None:
    name = accepted_snippets(ListCorpus([("=A1", source * 40), ("=B2", "\ud800")]), "excel").snippets[0].source_id
    assert name.encode() and len(name) <= 120 + 13
    assert name.startswith(source[:39]) and name.endswith(f"{source[-1]}#{digest('=A1')[:12]}")


def test_a_corpus_of_another_language_is_refused_with_an_example() -> None:
    rows = [("=A1+2", None), *((f"import module{i}", None) for i in range(1_500))]
    with pytest.raises(RequestError) as caught:
        accepted_snippets(ListCorpus(rows), "excel")
    assert re.fullmatch(
        r"corpus list seems to be of another language: 1,500 of 1,501 snippets are no excel; the first of them: "
        r"'import module0', missing_token at 1:1, a formula starts with an equals sign",
        str(caught.value),
    )


def test_half_of_a_corpus_may_be_rejected_and_no_more() -> None:
    good, bad = [("=A1", None), ("=B2", None)], [("=A1+", None), ("=B2+", None)]
    assert accepted_snippets(ListCorpus(good + bad), "excel").rejected == 2
    assert accepted_snippets(ListCorpus(good + bad + bad), "excel").rejected == 2  # duplicates are no evidence
    with pytest.raises(RequestError, match=r"3 of 5 snippets are no excel"):
        accepted_snippets(ListCorpus([*good, *bad, ("=C3+", None)]), "excel")


@pytest.mark.parametrize("rows", [[], [("=" + "A" * 9_000, None)]])
def test_a_corpus_of_nothing_is_refused(rows: Rows) -> None:
    with pytest.raises(RequestError, match=r"^corpus list holds no snippet of excel that can be used, of"):
        accepted_snippets(ListCorpus(rows), "excel")
