"""Pairs of a published dataset as a person reads them: what to delete in red, what to insert in green."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import pyarrow as pa
from rich.text import Text

from pipeline.dataset.version import read_manifest
from pipeline.display.terminal import printable
from pipeline.files.parquet import decode
from pipeline.files.storage import Storage
from schemas.errors import RequestError, RunError
from schemas.manifest import Manifest, PublishedFile
from validators import Token, get_language
from validators.diff import edits

Span = tuple[int, int]  # offsets in characters
Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Which pairs to look at."""

    config: str | None = None  # None: the pairs, not the rejected rows
    split: str | None = None  # None: all
    count: int = 10
    seed: int = 0
    max_distance: int | None = None  # in tokens


def choose(storage: Storage, choice: Choice) -> list[Row]:
    """Rows drawn at random, in the dataset's order; the same seed gives the same rows.

    Raises:
        RequestError: nothing is published, or nothing is like that.
        RunError: a file is damaged.
    """
    files = _files(storage, choice.config, choice.split)
    matching = [_matching(storage, file, choice.max_distance) for file in files]
    ends = list(accumulate(len(rows) for rows in matching))
    total = ends[-1]
    if not total:
        raise RequestError(f"{storage.uri} holds no pair within {choice.max_distance} tokens; raise --max-distance")
    places = sorted(random.Random(choice.seed).sample(range(total), min(choice.count, total)))
    chosen: dict[int, list[int]] = {}
    for place in places:
        which = bisect_right(ends, place)
        first = ends[which] - len(matching[which])
        chosen.setdefault(which, []).append(matching[which][place - first])
    return [row for which, rows in chosen.items() for row in _read(storage, files[which]).take(rows).to_pylist()]


def find(storage: Storage, pair_id: str) -> Row:
    """The row with this id, published or rejected.

    Raises:
        RequestError: there is none.
        RunError: a file is damaged.
    """
    for file in _manifest(storage).files:
        ids = _read(storage, file, ["id"])["id"].to_pylist()
        if pair_id in ids:
            row: Row = _read(storage, file).slice(ids.index(pair_id), 1).to_pylist()[0]
            return row
    raise RequestError(f"{storage.uri} holds no pair {pair_id!r}; copy an id from the dataset")


def _manifest(storage: Storage) -> Manifest:
    published = read_manifest(storage)
    if published is None:
        raise RequestError(f"{storage.uri} holds no published dataset; `status` says what there is")
    return published[0]


def _files(storage: Storage, config: str | None, split: str | None) -> list[PublishedFile]:
    manifest = _manifest(storage)
    config = config or str(manifest.identity.fields["language"])
    files = [f for f in manifest.files if f.config == config and split in (None, f.split)]
    if not files:
        there = ", ".join(dict.fromkeys(f"{f.config}/{f.split}" for f in manifest.files)) or "no file"
        raise RequestError(f"{storage.uri} has no {config}/{split or 'train'}; there is {there}")
    return files


def _matching(storage: Storage, file: PublishedFile, max_distance: int | None) -> Sequence[int]:
    """The numbers of the rows that are near enough; nothing is read where every row is."""
    if max_distance is None:
        return range(file.rows)
    distances = _read(storage, file, ["token_edit_distance"])["token_edit_distance"].to_pylist()
    return [row for row, distance in enumerate(distances) if distance is not None and distance <= max_distance]


def _read(storage: Storage, file: PublishedFile, columns: Sequence[str] | None = None) -> pa.Table:
    try:
        return decode(storage.read(file.path), columns)
    except pa.ArrowException as error:
        raise RunError(f"{storage.uri}/{file.path} is damaged; `verify` says how much of the dataset is") from error


def render(row: Row, *, markers: bool) -> Iterator[Text]:
    """A pair as lines: its description, the broken side, the fixed side; differences in colour or between markers."""
    yield Text(describe(row), style="dim")
    yield from render_change(str(row["language"]), str(row["broken"]), str(row["fixed"]), markers=markers)


def render_change(language: str, broken: str, fixed: str, *, markers: bool) -> Iterator[Text]:
    """The broken and the fixed side as lines; differences in colour or between markers."""
    changes = [e for e in edits(get_language(language), broken, fixed) if e.operation != "equal"]
    deleted = [_span(change.broken) for change in changes if change.broken]
    inserted = [_span(change.fixed) for change in changes if change.fixed]
    yield from _lines("- ", broken, deleted, ("[-", "-]") if markers else ("", ""), "red")
    yield from _lines("+ ", fixed, inserted, ("{+", "+}") if markers else ("", ""), "green")


def _span(tokens: Sequence[Token]) -> Span:
    return tokens[0].start, tokens[-1].start + len(tokens[-1].text)


def describe(row: Row) -> str:
    """One line on a pair; what a generator does not know is left out."""
    parts = [str(row["id"])]
    if row.get("reason") is not None:
        parts.append(f"rejected: {row['reason']}")
    if row.get("token_edit_distance") is not None:
        parts.append(f"distance {row['token_edit_distance']}")
    if row.get("noise_level") is not None:
        parts.append(f"noise level {row['noise_level']:.2f}")
    if row.get("error_kind") is not None:
        at = f" at {row['error_line']}:{row['error_column']}" if row.get("error_line") is not None else ""
        parts.append(f"{row['error_kind']}{at}: {printable(str(row['error_message']))}")
    return " | ".join(parts)


def _lines(head: str, code: str, spans: Iterable[Span], markers: tuple[str, str], style: str) -> Iterator[Text]:
    """The code, each line after ``head``, its spans between markers and reversed, so that white space shows too."""
    text, end = Text(), 0
    for start, stop in spans:
        text.append(printable(code[end:start]))
        text.append(markers[0] + printable(code[start:stop]) + markers[1], style=f"{style} reverse")
        end = stop
    text.append(printable(code[end:]))
    for line in text.split("\n", allow_blank=True):
        yield Text.assemble((head, style), line)
