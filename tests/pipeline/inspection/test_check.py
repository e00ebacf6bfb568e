from __future__ import annotations

import gzip
import io
import json
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.inspection.check import read_snippets, verdict_dict
from schemas.errors import RequestError
from tests.pipeline.fakes import make_config, run_fake
from validators import get_language

SNIPPETS = ["=SUM(A1:A3)", '=IF(A1>0,"a\nb",1)', "=é"]


def read(file: Path | str, column: str = "code", language: str = "excel") -> list[str]:
    return list(read_snippets(str(file), column, language))


def json_lines(*values: object) -> bytes:
    return "".join(json.dumps(value) + "\n" for value in values).encode()


def rows(*snippets: object, column: str = "code") -> list[dict[str, object]]:
    return [{column: snippet, "n": n} for n, snippet in enumerate(snippets)]


@pytest.fixture(params=["rows.jsonl", "rows.jsonl.gz", "rows.parquet"])
def table(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    file = tmp_path / str(request.param)
    if file.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows(*SNIPPETS)), file)
    else:
        data = json_lines(*rows(*SNIPPETS))
        file.write_bytes(gzip.compress(data) if file.suffix == ".gz" else data)
    return file


def test_a_source_file_is_one_snippet(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(b"\xef\xbb\xbfx = 1\r\n\r\ny = 2\n")
    assert read(tmp_path / "a.py") == ["x = 1\r\n\r\ny = 2\n"]


def test_standard_input_is_one_snippet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"=A1\n=A2")))
    assert read("-") == ["=A1\n=A2"]


def test_a_table_gives_its_column_in_order(table: Path) -> None:
    assert read(table) == SNIPPETS


def test_a_column_is_chosen_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(json_lines(*rows("=A1", column="fixed")) + b"\n  \n")
    assert read(tmp_path / "a.jsonl", column="fixed") == ["=A1"]


def test_a_missing_column_is_named_with_those_there_are(table: Path) -> None:
    with pytest.raises(RequestError, match=r"rows.*(line|row) 1 has no column 'text' but code, n; see --column"):
        read(table, column="text")


def test_a_column_that_is_no_text_is_refused(table: Path) -> None:
    with pytest.raises(RequestError, match=r"column 'n' holds int, not text"):
        read(table, column="n")


def test_a_published_dataset_gives_every_split_of_its_language(tmp_path: Path) -> None:
    manifest = run_fake(make_config(tmp_path))
    fixed = read(tmp_path, column="fixed")
    assert len(fixed) == manifest.ledger["written"]
    assert all(get_language("excel").check(code).accepted for code in fixed)
    with pytest.raises(RequestError, match=r"has no configuration 'python' but excel, excel_rejected; see --language"):
        read(tmp_path, column="fixed", language="python")


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.py", b"", "is empty: it holds no snippet"),
        ("a.py", b"ab\xff", "is not UTF-8 text: byte 3 is 0xff"),
        ("a.jsonl", b'{"code": "=A1"}\n{"code": ', "line 2 is not JSON"),
        ("a.jsonl", b"[" * 100_000, "line 1 is not JSON"),
        ("a.jsonl", b'{"code": "\xff"}', "line 1 is not JSON"),
        ("a.jsonl", b'["=A1"]', "line 1 is not a JSON object"),
        ("a.jsonl", b'{"code": null}', "line 1: column 'code' holds NoneType, not text"),
        ("a.jsonl", b"{}", "line 1 has no column 'code' but none"),
        ("a.jsonl.gz", b"not gzip", "is truncated or damaged after line 0"),
        ("a.jsonl.gz", gzip.compress(json_lines(*rows(*SNIPPETS)))[:-9], "is truncated or damaged after line"),
        ("a.parquet", b"not Parquet", "is no Parquet file, or damaged"),
    ],
)
def test_a_bad_file_is_explained_in_one_line(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(RequestError) as caught:
        read(tmp_path / name)
    assert message in str(caught.value)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_folder_without_a_dataset_are_named(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"cannot read .*none\.py: No such file"):
        read(tmp_path / "none.py")
    with pytest.raises(RequestError, match="a folder without a published dataset"):
        read(tmp_path)


@given(st.lists(st.text(st.characters(codec="utf-8")), min_size=1))
def test_json_lines_give_back_any_text(tmp_path_factory: pytest.TempPathFactory, snippets: list[str]) -> None:
    file = tmp_path_factory.mktemp("any") / "a.jsonl"
    file.write_bytes(json_lines(*rows(*snippets)))
    assert read(file) == snippets


def test_a_verdict_is_printed_with_its_kind_message_and_position() -> None:
    check = get_language("python").check
    assert verdict_dict(check("x = 1\n")) == dict.fromkeys(["kind", "message", "line", "column"]) | {"accepted": True}
    rejected = verdict_dict(check("x = 1\ny = (\n"))
    assert (rejected["accepted"], rejected["line"]) == (False, 2)
    assert json.loads(json.dumps(rejected)) == rejected
