"""A run can be kept apart from every benchmark that can be evaluated on."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.benchmarks.overlap import benchmark_hashes, benchmark_texts, normalise
from schemas.errors import RequestError

PAIRS = [("=A1 +", "=A1"), ("=b2,", "=B2")]
TEXTS = {normalise(text) for text in ("=A1+", "=a1", "=B2,", "= B2")}


def test_benchmark_files_count_by_content_in_any_order(tmp_path: Path) -> None:
    files = [str(tmp_path / name) for name in "abc"]
    for file, text in zip(files, ("[]", "[1]", "[]"), strict=True):
        Path(file).write_text(text)
    assert benchmark_hashes(files[:2]) == benchmark_hashes(files[2:0:-1])
    assert benchmark_hashes(files[:1]) != benchmark_hashes(files[1:2])


def written(folder: Path, form: str) -> str:
    """The pairs as a benchmark in one of the formats that `evaluate` reads."""
    rows = [{"Buggy": broken, "GroundTruth": fixed, "id": 3} for broken, fixed in PAIRS]
    plain = [{"broken": broken, "fixed": fixed} for broken, fixed in PAIRS]
    match form:
        case "json":
            (folder / "rows.json").write_text(json.dumps(rows))
        case "json.gz":
            (folder / "rows.json.gz").write_bytes(gzip.compress(json.dumps(rows).encode()))
        case "jsonl":
            (folder / "rows.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in plain))
        case "parquet":
            pq.write_table(pa.Table.from_pylist(plain), folder / "rows.parquet")
        case "folder":
            for number, (broken, fixed) in enumerate(PAIRS):
                row = {"syntax_incorrect": broken, "semantics_correct": fixed}
                (folder / f"{number}.json").write_text(json.dumps([row]))
            return str(folder)
        case _:
            with fsspec.open("memory://benchmarks/rows.json", "w") as stream:
                stream.write(json.dumps(rows))
            return "memory://benchmarks/rows.json"
    return str(next(folder.glob("rows.*")))


@pytest.mark.parametrize("form", ["json", "json.gz", "jsonl", "parquet", "folder", "uri"])
def test_every_text_of_a_benchmark_is_known_in_whatever_format_it_comes(form: str, tmp_path: Path) -> None:
    file = written(tmp_path, form)
    assert benchmark_texts((file,)) == TEXTS
    assert len(benchmark_hashes([file])) == 1


def test_broken_code_without_a_truth_is_known_as_well(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text(json.dumps({"a": {"code_string": "x ="}, "b": {"code_string": "y ("}}))
    assert benchmark_texts((str(tmp_path / "bad.json"),)) == {normalise("x="), normalise("Y(")}


@pytest.mark.parametrize("content", ["", "{}x", "3", "[3]", "[]", '[{"Buggy": 1, "GroundTruth": ""}]', '[{"x": ""}]'])
def test_a_file_that_is_no_benchmark_is_a_wrong_request(content: str, tmp_path: Path) -> None:
    (tmp_path / "file.json").write_text(content)
    with pytest.raises(RequestError, match=r"^benchmark .*file\.json") as caught:
        benchmark_texts((str(tmp_path / "file.json"),))
    assert "\n" not in str(caught.value)
