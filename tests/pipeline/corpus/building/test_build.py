"""From folders to a corpus: what is kept, what is left out and said, and that the same input gives the same bytes."""

from __future__ import annotations

import gzip
import json
import os
import stat
from collections import Counter
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet as pq
import pytest

from pipeline.corpus import accepted_snippets, open_corpus
from pipeline.corpus.building.build import BuildReport, build_corpus
from pipeline.corpus.building.excerpts import Length
from schemas.errors import RequestError
from validators import get_language


def write(folder: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def workbook(path: Path, *formulas: str) -> None:
    book = openpyxl.Workbook()
    for row, formula in enumerate(formulas, 1):
        book.active.cell(row, 1, formula)
    book.save(path)


def build(out: Path, *paths: Path, language: str = "python", **options: Any) -> BuildReport:
    return build_corpus(language=language, paths=[str(path) for path in paths], out=str(out), **options)


def rows(path: Path) -> list[dict[str, Any]]:
    data = path.read_bytes()
    return [json.loads(line) for line in (gzip.decompress(data) if path.suffix == ".gz" else data).splitlines()]


def reasons(report: BuildReport) -> dict[str, str]:
    return {entry["file"]: entry["reason"] for entry in report.skipped_files}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder of Python with something of everything."""
    cell = {"cell_type": "code", "source": "%time\nfrom math import tau, pi\narea = pi * 2 ** 2"}
    return write(
        tmp_path / "project",
        {
            "b.py": "def area(width, height):\n    return width * height\n",
            "a/deep.py": "import os, sys\n\nHOME = os.path.join('a', 'b')\n",
            "notes.ipynb": json.dumps({"cells": [cell]}),
            "README.md": "no Python",
            ".hidden/secret.py": "never = seen(1, 2)\n",
        },
    )


def test_every_snippet_says_where_it_is_from(project: Path, tmp_path: Path) -> None:
    report = build(tmp_path / "out.jsonl", project)
    assert rows(tmp_path / "out.jsonl") == [
        {"code": "def area(width, height):\n    return width * height", "source": "project/b.py", "line": 1},
        {"code": "from math import tau, pi\narea = pi * 2 ** 2", "source": "project/notes.ipynb"},
        {"code": "import os, sys", "source": "project/a/deep.py", "line": 1},
        {"code": "HOME = os.path.join('a', 'b')", "source": "project/a/deep.py", "line": 3},
    ]
    assert (report.found, report.kept, report.skipped_files) == (4, 4, [])
    assert {name: figures.read for name, figures in report.kinds.items()} == {"Python files": 2, "notebooks": 1}


@pytest.mark.parametrize("name", ["out.jsonl", "out.jsonl.gz", "out.parquet"])
def test_what_is_written_can_be_used_as_a_corpus(project: Path, tmp_path: Path, name: str) -> None:
    report = build(tmp_path / name, project)
    corpus = open_corpus("python", str(tmp_path / name))
    assert corpus.identity == report.sha256
    accepted = accepted_snippets(corpus, "python")
    assert len(accepted.snippets) == accepted.read == report.kept == 4
    assert accepted.snippets[0].source_id.startswith("project/b.py#")
    if name.endswith(".parquet"):
        assert pq.read_table(tmp_path / name)["line"].to_pylist() == [1, None, 1, 3]


@pytest.mark.parametrize("name", ["out.jsonl", "out.jsonl.gz", "out.parquet"])
def test_the_same_input_gives_the_same_bytes(project: Path, tmp_path: Path, name: str) -> None:
    first, second = tmp_path / "first" / name, tmp_path / "second" / name
    one, two = build(first, project), build(second, project)
    assert first.read_bytes() == second.read_bytes()
    assert one.to_dict() | {"out": ""} == two.to_dict() | {"out": ""}


def test_a_shape_is_kept_once_in_each_workbook(tmp_path: Path) -> None:
    workbook(tmp_path / "a.xlsx", "=SUM(A1:A9)", "=SUM(B1:B9)", "=SUM(C1:C9)", "=MAX(A1,B1)")
    workbook(tmp_path / "b.xlsx", "=SUM(D1:D9)", "=SUM(E1:E9)")
    report = build(tmp_path / "out.jsonl", tmp_path, language="excel")
    found = [(row["source"].rpartition("/")[2], row["code"]) for row in rows(tmp_path / "out.jsonl")]
    assert found == [("a.xlsx", "=SUM(A1:A9)"), ("a.xlsx", "=MAX(A1,B1)"), ("b.xlsx", "=SUM(D1:D9)")]
    assert report.left_out == {"duplicate sketch": 3}
    report = build(tmp_path / "out.jsonl", tmp_path, language="excel", per_sketch=2)
    assert (report.kept, report.left_out) == (5, {"duplicate sketch": 1})


def test_equal_texts_are_kept_once_in_all(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "import os, sys\n", "b.py": "import os, sys\n\nimport io, re\n"})
    report = build(tmp_path / "out.jsonl", tmp_path)
    assert [row["source"].rpartition("/")[2] for row in rows(tmp_path / "out.jsonl")] == ["a.py", "b.py"]
    assert report.left_out == {"duplicate": 1}


def test_a_snippet_has_the_length_that_is_asked_for(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "x = 1\n\ny = f(1)\n\nz = [\n  1,\n  2,\n]\n\nw = [1, 2, 3, 4, 5, 6, 7]\n"})
    report = build(tmp_path / "out.jsonl", tmp_path, length=Length(min_tokens=4, max_tokens=12, max_lines=3))
    assert [row["code"] for row in rows(tmp_path / "out.jsonl")] == ["y = f(1)"]
    assert report.left_out == {"too long": 2, "too short": 1}


def test_a_secret_is_replaced_in_what_is_written_and_counted(tmp_path: Path) -> None:
    write(
        tmp_path / "in", {"a.py": "login(user='me', password='hunter2-hunter2')\n", "b.py": "f('jane@firm.org', 1)\n"}
    )
    report = build(tmp_path / "out.jsonl", tmp_path / "in")
    assert [row["code"] for row in rows(tmp_path / "out.jsonl")] == [
        "login(user='me', password='aaaaaa0-aaaaaa0')", "f('user@example.com', 1)"
    ]  # fmt: skip
    assert report.scrubbed == {"password": 1, "e-mail address": 1}


def test_snippets_that_differ_in_their_secret_alone_are_one(tmp_path: Path) -> None:
    write(tmp_path / "in", {"a.py": "f('jane@firm.org', 1)\n", "b.py": "f('joe@shop.net', 1)\n"})
    report = build(tmp_path / "out.jsonl", tmp_path / "in")
    assert (report.kept, report.left_out, report.scrubbed) == (1, {"duplicate": 1}, {"e-mail address": 1})


def test_a_snippet_that_is_no_code_without_its_secret_is_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.corpus.building.sieve.scrub", lambda code: (code.replace("'", "", 1), ["password"]))
    write(tmp_path / "in", {"a.py": "password = 'hunter2'\n\nx = f(1)\n"})
    report = build(tmp_path / "out.jsonl", tmp_path / "in", length=Length(min_tokens=1))
    assert (report.left_out, report.kept) == ({"does not parse without its secret": 1}, 1)
    assert "hunter2" not in (tmp_path / "out.jsonl").read_text()


def test_what_is_in_a_benchmark_is_left_out(tmp_path: Path) -> None:
    write(tmp_path / "in", {"a.py": "Total = area( 2 ,3)\n\nother = area(2, 3)\n"})
    pairs = [{"Buggy": "total = area(2, 3", "GroundTruth": "total = area(2, 3)"}]
    (tmp_path / "benchmark.json").write_text(json.dumps(pairs))
    report = build(tmp_path / "out.jsonl", tmp_path / "in", benchmarks=[str(tmp_path / "benchmark.json")])
    assert ([row["code"] for row in rows(tmp_path / "out.jsonl")], report.left_out) == (
        ["other = area(2, 3)"], {"benchmark overlap": 1}
    )  # fmt: skip


def test_powershell_comes_from_scripts_and_from_markdown(tmp_path: Path) -> None:
    write(
        tmp_path / "in",
        {
            "a.ps1": b"\xff\xfe" + "Get-ChildItem . -Recurse -Force\r\n".encode("utf-16-le"),
            "m.psm1": "function Get-One {\n    return 1 + 0\n}\n",
            "docs/page.md": "```powershell\nPS C:\\> Stop-Process -Id 42 -Force\n```\n",
            "b.ps1": "Get-ChildItem 'é' -Force".encode("cp1252"),
        },
    )
    report = build(tmp_path / "out.jsonl", tmp_path / "in", language="powershell")
    assert [row["code"] for row in rows(tmp_path / "out.jsonl")] == [
        "Get-ChildItem . -Recurse -Force", "function Get-One {\n    return 1 + 0\n}", "Stop-Process -Id 42 -Force"
    ]  # fmt: skip
    assert reasons(report) == {"in/b.ps1": "encoding"}


def test_a_bad_file_is_skipped_with_its_reason_and_the_build_goes_on(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "in",
        {
            "binary.py": b"\x7fELF\0\0",
            "good.py": "import os, sys\n",
            "latin.py": "name = 'é'\n".encode("latin-1"),
            "old.py": "print 'Python 2'\n",
            "notes.ipynb": "{}",
            "empty.py": "",
        },
    )
    with (folder / "large.py").open("wb") as file:
        file.truncate(3 * 2**20)
    (folder / "gone.py").symlink_to(folder / "nowhere.py")
    (folder / "loop.py").symlink_to(folder / "loop.py")
    (folder / "again.py").symlink_to(folder / "good.py")
    (folder / "up").symlink_to(folder)
    os.mkfifo(folder / "pipe.py")
    report = build(tmp_path / "out.jsonl", folder)
    assert [row["code"] for row in rows(tmp_path / "out.jsonl")] == ["import os, sys"]
    assert reasons(report) == {
        "in/binary.py": "binary",
        "in/gone.py": "unreadable",
        "in/large.py": "too large",
        "in/latin.py": "encoding",
        "in/loop.py": "unreadable",
        "in/notes.ipynb": "not a notebook",
        "in/old.py": "does not parse",
        "in/pipe.py": "not a regular file",
    }
    python = report.kinds["Python files"]
    assert python.read == 2  # the good one and the empty one, and no file twice
    assert python.skipped == Counter(reasons(report).values()) - Counter(["not a notebook"])


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root")
def test_what_may_not_be_read_is_skipped(tmp_path: Path) -> None:
    folder = write(tmp_path / "in", {"a.py": "import os, sys\n", "b.py": "x", "closed/c.py": "x"})
    (folder / "b.py").chmod(0)
    (folder / "closed").chmod(0)
    try:
        report = build(tmp_path / "out.jsonl", folder)
    finally:
        (folder / "closed").chmod(stat.S_IRWXU)
    assert reasons(report) == {"in/closed": "unreadable", "in/b.py": "unreadable"}


def test_bad_workbooks_are_skipped_with_their_reasons(tmp_path: Path) -> None:
    workbook(tmp_path / "good.xlsx", "=SUM(A1:A9)", "=[1]Other!A1+2", "=SUM(#REF!)", "=SUM(A1,B1", "=B1")
    write(
        tmp_path, {"locked.xlsx": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "torn.xlsm": b"PK\x03\x04", "~$good.xlsx": b"me"}
    )
    report = build(tmp_path / "out.jsonl", tmp_path, language="excel")
    name = tmp_path.name
    assert reasons(report) == {
        f"{name}/locked.xlsx": "encrypted workbook, or an old .xls", f"{name}/torn.xlsm": "corrupt workbook"
    }  # fmt: skip
    assert report.left_out == {"dangling reference": 2, "does not parse by itself": 1, "too short": 1}


def test_every_snippet_that_is_found_is_kept_or_counted() -> None:
    root = Path(__file__).parents[4]
    report = build_corpus(
        language="python", paths=[str(root / "validators"), str(root / "schemas")], out="memory://sum/out.jsonl"
    )  # fmt: skip
    assert report.found == report.kept + report.left_out.total() > 100
    for code, _ in open_corpus("python", "memory://sum/out.jsonl").rows():
        assert get_language("python").check(code).accepted


@pytest.mark.parametrize(
    ("language", "paths", "out", "message"),
    [
        ("python", ["missing"], "out.jsonl", "missing is not there: give files or folders of python"),
        ("python", ["empty"], "out.jsonl", "there is no file of .py, .ipynb in"),
        ("excel", ["project"], "out.jsonl", "there is no file of .xlsx, .xlsm in"),
        ("python", ["project/README.md"], "out.jsonl", "README.md is none of .py, .ipynb"),
        ("python", ["project"], "out.csv", "must end with one of .jsonl, .jsonl.gz, .parquet"),
        ("python", ["project"], "project/b.py/out.jsonl", "choose another --out"),
        ("python", ["project"], "folder.jsonl", "choose another --out"),
        ("powershell", ["project"], "out.jsonl", "nothing was kept of 0 snippets in 1 file; the files hold none"),
        ("python", ["trivial"], "out.jsonl", "of 1 snippets in 2 files; 1 too short, 1 file skipped: binary"),
    ],
)
def test_a_wrong_request_is_refused_and_writes_nothing(
    project: Path, tmp_path: Path, language: str, paths: list[str], out: str, message: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "folder.jsonl").mkdir()
    write(tmp_path / "trivial", {"a.py": "x = 1\n", "b.py": b"\0"})
    with pytest.raises(RequestError) as caught:
        build(tmp_path / out, *(tmp_path / path for path in paths), language=language)
    assert message in str(caught.value) and "\n" not in str(caught.value)
    assert not (tmp_path / out).is_file()


def test_a_failure_leaves_the_corpus_that_was_there(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out.jsonl"
    build(out, project)
    before = out.read_bytes()

    def interrupted(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(out, project, progress=interrupted)
    assert out.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["out.jsonl"]
