"""Benchmarks in every format people publish them in, and one clear line for what is none."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.benchmarks.benchmark import Benchmark, ProgramTest
from pipeline.benchmarks.formats import load_benchmark
from schemas.errors import RequestError

PAIRS = [("=SUM(A1", "=SUM(A1)"), ("=A1+", "=A1+B1")]


def write(path: Path, document: Any) -> Path:
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def pairs_of(benchmark: Benchmark) -> list[tuple[str, str | None]]:
    return [(problem.broken, problem.fixed) for problem in benchmark.problems]


def refused(path: Path, language: str = "excel", **columns: str) -> str:
    with pytest.raises(RequestError) as caught:
        load_benchmark(path, language, **columns)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_prose_format_with_its_name_hash_and_places(tmp_path: Path) -> None:
    rows = [{"Id": 7, "Buggy": broken, "GroundTruth": fixed, "Comment": None} for broken, fixed in PAIRS]
    path = write(tmp_path / "forum.json", rows)
    benchmark = load_benchmark(path, "excel")
    assert pairs_of(benchmark) == PAIRS
    assert [problem.id for problem in benchmark.problems] == ["0", "1"]
    assert (benchmark.name, benchmark.language) == ("forum.json", "excel")
    assert benchmark.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_tests_of_a_program_are_read_where_a_row_has_them(tmp_path: Path) -> None:
    row = {"Buggy": "print(input(", "GroundTruth": "print(input())", "Tests": [{"Input": "a", "Output": "a\n"}]}
    path = write(tmp_path / "b.json", [row, {"Buggy": "x =", "GroundTruth": "x = 1"}])
    first, second = load_benchmark(path, "python").problems
    assert first.tests == (ProgramTest(stdin="a", stdout="a\n"),)
    assert second.tests == ()


@pytest.mark.parametrize("name", ["pairs.jsonl", "pairs.jsonl.gz", "pairs.parquet", "pairs.json"])
@pytest.mark.parametrize("columns", [("broken", "fixed"), ("buggy", "ground_truth"), ("Buggy", "groundTruth")])
def test_a_table_of_two_columns_in_any_container(tmp_path: Path, name: str, columns: tuple[str, str]) -> None:
    rows = [{"id": "x", columns[0]: broken, columns[1]: fixed} for broken, fixed in PAIRS]
    path = tmp_path / name
    if name.endswith(".parquet"):
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif name.endswith(".json"):
        write(path, rows)
    else:
        lines = "\n".join(json.dumps(row) for row in rows).encode() + b"\n\n"
        path.write_bytes(gzip.compress(lines) if name.endswith(".gz") else lines)
    assert pairs_of(load_benchmark(path, "excel")) == PAIRS


def test_columns_that_a_user_names_go_before_the_usual_ones(tmp_path: Path) -> None:
    path = write(tmp_path / "b.json", [{"broken": "=A1", "fixed": "=A2", "mine": "=B1(", "yours": "=B1"}])
    assert pairs_of(load_benchmark(path, "excel", broken_column="mine", fixed_column="yours")) == [("=B1(", "=B1")]
    assert pairs_of(load_benchmark(path, "excel", broken_column="mine")) == [("=B1(", "=A2")]


HEADER = "# compile-errors: e1_2.txt #\n#  compile-result: None #\n#save-event:autosave#\n\n"


def pydex(number: int) -> dict[str, Any]:
    """A file of PyDex as its README describes it."""
    return {
        "problem_ID": number,
        "submission": [{"syntax_incorrect": f"{HEADER}n = int(input()\n\n", "semantics_correct": "n = int(input())"}],
        "IO_example": [{"IO_number": 1, "input": "3\n", "output": f"{number}\n"}],
    }


def test_a_folder_of_pydex_is_one_benchmark_without_its_editors_headers(tmp_path: Path) -> None:
    folder = tmp_path / "PyDex"
    folder.mkdir()
    (folder / "README.md").write_text("about")
    for number in (2, 1):
        write(folder / f"{number}_syntaxincorrect_correct_pair.json", pydex(number))
    benchmark = load_benchmark(folder, "python")
    assert pairs_of(benchmark) == [("n = int(input()", "n = int(input())")] * 2
    assert [problem.tests[0].stdout for problem in benchmark.problems] == ["1\n", "2\n"]
    assert [problem.id for problem in benchmark.problems] == ["0", "1"]
    before = benchmark.sha256
    write(folder / "2_syntaxincorrect_correct_pair.json", pydex(3))
    assert load_benchmark(folder, "python").sha256 != before


def test_a_flat_list_of_pydex_pairs_is_read_too_and_other_comments_stay(tmp_path: Path) -> None:
    rows = [{"syntax_incorrect": f"{HEADER}# mine\nif x\n# save-event: late #\n", "semantics_correct": "# mine\nx"}]
    benchmark = load_benchmark(write(tmp_path / "pydex.json", rows), "python")
    assert pairs_of(benchmark) == [("# mine\nif x\n# save-event: late #", "# mine\nx")]


@given(st.text("ab #:\n\t=", max_size=40))
def test_only_headers_and_blank_lines_are_taken_from_a_program(tmp_path_factory: Any, code: str) -> None:
    path = tmp_path_factory.getbasetemp() / "header.json"
    write(path, [{"syntax_incorrect": HEADER + code, "semantics_correct": None}])
    kept = load_benchmark(path, "python").problems[0].broken
    lines = code.split("\n")
    first = next((i for i, line in enumerate(lines) if line.strip()), len(lines))
    assert kept == "\n".join(lines[first:]).rstrip()


def test_a_header_is_left_alone_in_other_formats(tmp_path: Path) -> None:
    path = write(tmp_path / "b.json", [{"Buggy": HEADER + "x =", "GroundTruth": "x = 1"}])
    assert load_benchmark(path, "python").problems[0].broken == HEADER + "x ="


@pytest.mark.parametrize("shape", ["object of objects", "list", "one object", "jsonl"])
def test_bifis_bad_code_has_no_truth(tmp_path: Path, shape: str) -> None:
    rows = [{"code_string": "f(", "code_toks_joined": "f ("}, {"code_string": "x ="}]
    documents = {"object of objects": dict(zip("ab", rows, strict=True)), "list": rows, "one object": rows[0]}
    if shape == "jsonl":
        path = tmp_path / "bad.jsonl"
        path.write_text("\n".join(map(json.dumps, rows)))
    else:
        path = write(tmp_path / "orig.bad.json", documents[shape])
    expected = [("f(", None)] if shape == "one object" else [("f(", None), ("x =", None)]
    assert pairs_of(load_benchmark(path, "python")) == expected


def test_a_row_may_lack_its_truth(tmp_path: Path) -> None:
    path = write(tmp_path / "b.json", [{"broken": "=A1(", "fixed": None}, {"broken": "=A2(", "fixed": "=A2"}])
    assert pairs_of(load_benchmark(path, "excel")) == [("=A1(", None), ("=A2(", "=A2")]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("b.json", b"", "not JSON"),
        ("b.json", b"[{", "not JSON"),
        ("b.json", b"[" * 100_000, "not JSON"),
        ("b.json", b"\xff\xfe{", "not JSON"),
        ("b.json", b"[]", "holds no problem"),
        ("b.json", b"{}", "no column 'Buggy'"),
        ("b.json", b"[3]", "a row is int"),
        ("b.json", b"3", "a row is int"),
        ("b.json", b'[{"GroundTruth": "=A1"}]', "row 0 has no column 'Buggy' but GroundTruth"),
        ("b.json", b'[{"Buggy": "=A1"}, {"Buggy": 3}]', "row 1: column 'Buggy' holds int"),
        ("b.json", b'[{"Buggy": "=A1", "GroundTruth": ["=A1"]}]', "column 'GroundTruth' holds list"),
        ("b.json", b'[{"Buggy": "x", "Tests": [{"Input": "3"}]}]', "row 0: a test"),
        ("b.json", b'[{"Buggy": "x", "Tests": ["3"]}]', "row 0: a test"),
        ("b.jsonl", b'{"broken": "=A1"}\n{"broken', "line 2 is not JSON"),
        ("b.jsonl.gz", gzip.compress(b'{"broken": "=A1"}')[:-9], "truncated or damaged"),
        ("b.parquet", b"PAR1", "no Parquet file"),
    ],
)
def test_what_is_no_benchmark_is_refused_in_one_line(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert said in refused(path)


def test_columns_that_are_not_there_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "b.json", [{"broken": "=A1"}])
    assert "no column 'mine' but broken" in refused(path, broken_column="mine")
    assert "no column 'truth' but broken" in refused(path, fixed_column="truth")


def test_a_missing_file_an_empty_folder_and_an_unknown_language_are_refused(tmp_path: Path) -> None:
    assert "cannot be read" in refused(tmp_path / "none.json")
    assert "holds no problem" in refused(tmp_path)
    assert "'cobol' is unknown" in refused(tmp_path, "cobol")
