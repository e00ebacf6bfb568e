"""Repairs as files and as lines for people."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.display.terminal import printable
from schemas.errors import RequestError
from schemas.files import written_whole

if TYPE_CHECKING:
    from pipeline.repair.repairer import Repair

EXTENSIONS = (".jsonl", ".jsonl.gz", ".parquet")
_ROWS = 1_000  # of a row group


def check_out(out: str | None) -> None:
    """Refuse a place where repairs cannot be written, before any is made.

    Raises:
        RequestError: another extension, or no such folder.
    """
    if out is None:
        return
    if not out.endswith(EXTENSIONS):
        raise RequestError(f"--out {out} must end in {', '.join(EXTENSIONS)}")
    if not Path(out).parent.is_dir():
        raise RequestError(f"--out {out}: there is no folder {Path(out).parent}; make it first")


def write_repairs(repairs: Iterable[Repair], out: str | None) -> None:
    """Every repair with its candidates, in order; the file appears when it is whole. Without ``out``, go through them.

    Raises:
        RequestError: the file cannot be written.
    """
    if out is None:
        for _ in repairs:
            pass
        return
    path = Path(out)
    rows = (repair.as_dict(candidates=True) for repair in repairs)
    try:
        with written_whole(path) as unfinished:
            if out.endswith(".parquet"):
                _write_parquet(rows, unfinished)
            else:
                opener: Any = gzip.open if out.endswith(".gz") else open
                with opener(unfinished, "wt", encoding="utf-8") as file:
                    file.writelines(json.dumps(row) + "\n" for row in rows)
    except OSError as error:
        raise RequestError(f"--out {out} cannot be written: {error.strerror or error}") from error


def _write_parquet(rows: Iterator[dict[str, Any]], path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    candidate = pa.struct(
        {"noise_level": pa.float64(), "recovery": pa.float64(), "sample": pa.int64(), "rank": pa.int64(),
         "distance": pa.int64(), "votes": pa.int64(), "confidence": pa.float64(), "accepted": pa.bool_(),
         "text": pa.string()}
    )  # fmt: skip
    schema = pa.schema(
        {"broken": pa.string(), "outcome": pa.string(), "fixed": pa.string(), "confidence": pa.float64(),
         "candidates": pa.list_(candidate)}
    )  # fmt: skip
    with pq.ParquetWriter(path, schema) as writer:
        while chunk := list(islice(rows, _ROWS)):
            writer.write_table(pa.Table.from_pylist(chunk, schema))


def candidate_lines(repair: Repair) -> Iterator[str]:
    """The candidates for a person, the best first, each with its text on one line."""
    ranked = bool(repair.candidates) and repair.candidates[0].rank is not None
    return _ranked_lines(repair) if ranked else _counted_lines(repair)


def _ranked_lines(repair: Repair) -> Iterator[str]:
    """Of gaps: rank, token distance, votes, confidence, text."""
    for c in repair.candidates:
        yield (
            f"{c.rank:4d}.  distance {c.distance:2d}  votes {c.votes:3d}  confidence {c.confidence:.2f}  "
            f"{_on_one_line(c.text or '')}"
        )


def _counted_lines(repair: Repair) -> Iterator[str]:
    """Of the fixed canvas, each text once: how often, lowest noise level, verdict, text; the most frequent first."""
    counts = Counter(c.text for c in repair.candidates)
    first = {c.text: c for c in reversed(repair.candidates)}
    order = sorted(counts, key=lambda text: (not first[text].accepted, -counts[text], text or ""))
    for text in order:
        c = first[text]
        verdict = "accepted" if c.accepted else "undecodable" if text is None else "rejected"
        yield (
            f"{counts[text]:4d} x  t/T {c.level:.3f}  recovery {c.recovery:.2f}  {verdict:11}  "
            f"{_on_one_line(text or '')}"
        )


def _on_one_line(text: str) -> str:
    return printable(text).replace("\n", "\u23ce")
