"""Reading a corpus: every format gives the same snippets, every fault one line that says where it is."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.corpus import Corpus, open_corpus
from schemas.errors import RequestError

SNIPPETS = ["=SUM(A1:A3)", '="a ""quoted"" word"', "if x:\n    pass", "Grüße \U0001f600", ""]
LINES = "".join(json.dumps({"code": code, "id": i}, ensure_ascii=i % 2 == 0) + "\n" for i, code in enumerate(SNIPPETS))


def write_json_lines(path: Path) -> None:
    path.write_text(LINES, encoding="utf-8")


def write_gzip(path: Path) -> None:
    path.write_bytes(gzip.compress(LINES.encode()))


def write_parquet(path: Path) -> None:
    pq.write_table(pa.table({"code": SNIPPETS, "id": range(len(SNIPPETS))}), path)


FORMATS = {"c.jsonl": write_json_lines, "c.jsonl.gz": write_gzip, "c.parquet": write_parquet}


@pytest.mark.parametrize(("name", "write"), FORMATS.items(), ids=FORMATS)
def test_every_format_gives_the_snippets_in_file_order(
    tmp_path: Path, name: str, write: Callable[[Path], None]
) -> None:
    write(tmp_path / name)
    corpus = Corpus(str(tmp_path / name))
    assert corpus.snippets() == SNIPPETS
    assert corpus.sha256 == hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()


def test_a_uri_of_any_file_system_can_be_read() -> None:
    import fsspec

    fsspec.filesystem("memory").pipe("/corpora/c.jsonl", LINES.encode())
    assert Corpus("memory://corpora/c.jsonl").snippets() == SNIPPETS


def test_blank_lines_a_byte_order_mark_and_a_missing_last_line_break_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / "c.jsonl").write_bytes(b'\xef\xbb\xbf{"code": "a"}\r\n\n  \n{"code": "b"}')
    assert Corpus(str(tmp_path / "c.jsonl")).snippets() == ["a", "b"]


def test_the_content_is_the_identity(tmp_path: Path) -> None:
    for name, text in (("a.jsonl", LINES), ("b.jsonl", LINES), ("c.jsonl", LINES + '{"code": "x"}\n')):
        (tmp_path / name).write_text(text)
    a, b, c = (Corpus(str(tmp_path / f"{name}.jsonl")).sha256 for name in "abc")
    assert a == b != c


def json_lines(text: str | bytes) -> Callable[[Path], object]:
    data = text.encode() if isinstance(text, str) else text
    return lambda path: path.write_bytes(data)


def parquet(**columns: object) -> Callable[[Path], None]:
    return lambda path: pq.write_table(pa.table(columns), path)


def damaged(write: Callable[[Path], None], damage: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        write(path)
        path.write_bytes(damage(path.read_bytes()))

    return make


GOOD = '{"code": "=A1"}\n'
FAULTS: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "missing": ("c.jsonl", lambda path: None, "cannot be read (FileNotFoundError"),
    "a folder": ("c.jsonl", Path.mkdir, "cannot be read (IsADirectoryError"),
    "empty": ("c.jsonl", json_lines(""), "is empty"),
    "blank": ("c.jsonl", json_lines("\n \n"), "holds no snippet"),
    "truncated line": ("c.jsonl", json_lines(GOOD + '{"code": "=SU'), "line 2: not a JSON object"),
    "bad line": ("c.jsonl", json_lines(GOOD * 2 + "oops\n" + GOOD), "line 3: not a JSON object"),
    "blank lines count": ("c.jsonl", json_lines("\n\n" + GOOD + "oops\n"), "line 4: not a JSON object"),
    "no UTF-8": ("c.jsonl", json_lines(b'{"code": "\xff\xfe"}\n'), "line 1: not a JSON object"),
    "no such field": ("c.jsonl", json_lines(GOOD + '{"text": ""}\n'), "line 2: not a JSON object with a 'code' field"),
    "a list": ("c.jsonl", json_lines('["=A1"]\n'), "line 1: not a JSON object"),
    "a string": ("c.jsonl", json_lines('"=A1"\n'), "line 1: not a JSON object"),
    "null": ("c.jsonl", json_lines("null\n"), "line 1: not a JSON object"),
    "deeply nested": ("c.jsonl", json_lines("[" * 200_000), "line 1: not a JSON object"),
    "a number as code": ("c.jsonl", json_lines(GOOD + '{"code": 3}\n'), "line 2: 'code' is not a string"),
    "null as code": ("c.jsonl", json_lines('{"code": null}\n'), "line 1: 'code' is not a string"),
    "truncated gzip": ("c.jsonl.gz", damaged(write_gzip, lambda d: d[: len(d) // 2]), "is truncated or damaged"),
    "gzip without its end": ("c.jsonl.gz", damaged(write_gzip, lambda d: d[:-4]), "is truncated or damaged"),
    "flipped gzip": ("c.jsonl.gz", damaged(write_gzip, lambda d: d[:40] + b"\0\0\0" + d[43:]), "is truncated or"),
    "gzip of nothing": ("c.jsonl.gz", json_lines(gzip.compress(b"")), "holds no snippet"),
    "truncated Parquet": ("c.parquet", damaged(write_parquet, lambda d: d[: len(d) // 2]), "is truncated or damaged"),
    "Parquet without its start": ("c.parquet", damaged(write_parquet, lambda d: d[60:]), "is truncated or damaged"),
    "flipped Parquet": ("c.parquet", damaged(write_parquet, lambda d: d[:4] + b"\0" * 40 + d[44:]), "is truncated or"),
    "no Parquet": ("c.parquet", json_lines(LINES), "is truncated or damaged"),
    "no such column": (
        "c.parquet",
        parquet(body=["=A1"], n=[1]),
        "has no 'code', 'content' or 'text' column; it has body, n",
    ),
    "a column of numbers": ("c.parquet", parquet(code=[1, 2]), "row 1: the code is int, not text"),
    "a null in the column": ("c.parquet", parquet(code=["=A1", None]), "row 2: the code is NoneType, not text"),
    "no column at all": ("c.jsonl", json_lines('{"body": "=A1"}\n'), "line 1 has no 'code', 'content' or 'text'"),
    "an empty column": ("c.parquet", parquet(code=pa.array([], pa.string())), "holds no snippet"),
}


@pytest.mark.parametrize(("name", "make", "message"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_one_line_that_says_where_it_is(
    tmp_path: Path, name: str, make: Callable[[Path], object], message: str
) -> None:
    make(tmp_path / name)
    with pytest.raises(RequestError) as caught:
        Corpus(str(tmp_path / name)).snippets()
    text = str(caught.value)
    assert text.startswith(f"corpus {tmp_path / name}")
    assert message in text
    assert "\n" not in text


@pytest.mark.parametrize("name", FORMATS)
def test_the_code_is_in_the_column_that_is_asked_for_or_the_first_with_a_usual_name(tmp_path: Path, name: str) -> None:
    rows = [{"text": "text", "id": 7, "content": "content", "mine": "mine"}]
    path = tmp_path / name
    if name.endswith(".parquet"):
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        path.write_text(json.dumps(rows[0]))
    assert list(Corpus(str(path)).rows()) == [("content", "7")]
    assert list(Corpus(str(path), "mine").rows()) == [("mine", "7")]
    with pytest.raises(RequestError, match=r"no 'other' column; it has text, id, content, mine: rename the one"):
        list(Corpus(str(path), "other").rows())


@pytest.mark.parametrize(
    ("row", "source"),
    [
        ({}, None),
        ({"source": "a.py"}, "a.py"),
        ({"id": "x"}, "x"),
        ({"id": "x", "source": "a.py"}, "a.py"),
        ({"source": None}, None),
        ({"source": ["a", 1]}, "['a', 1]"),
    ],
    ids=str,
)
def test_a_row_says_where_it_is_from(tmp_path: Path, row: dict[str, object], source: str | None) -> None:
    (tmp_path / "c.jsonl").write_text(json.dumps({"code": "=A1"} | row))
    assert list(Corpus(str(tmp_path / "c.jsonl")).rows()) == [("=A1", source)]


def test_a_folder_of_files_is_one_corpus_in_the_order_of_their_names(tmp_path: Path) -> None:
    folder = tmp_path / "corpus"
    (folder / "sub").mkdir(parents=True)
    (folder / ".work").mkdir()
    write_json_lines(folder / "b.jsonl")
    write_parquet(folder / "sub" / "c.parquet")
    write_gzip(folder / "a.jsonl.gz")
    write_gzip(folder / ".work" / "hidden.jsonl.gz")
    (folder / "README.md").write_text("no corpus")
    corpus = open_corpus("excel", str(folder))
    assert [code for code, _ in corpus.rows()] == SNIPPETS * 3
    assert corpus.name == "corpus"
    before = corpus.identity
    (folder / "README.md").write_text("changed")
    assert open_corpus("excel", str(folder)).identity == before
    (folder / "b.jsonl").write_text(LINES * 2)
    assert open_corpus("excel", str(folder)).identity != before


def test_an_unknown_protocol_is_a_wrong_request() -> None:
    with pytest.raises(RequestError, match=r"^corpus nope://c\.jsonl cannot be read \(ValueError: .*\): give a"):
        Corpus("nope://c.jsonl")
