"""A baseline generator's run is like the diffusion model's: same filters, ledger, columns, resume, replay."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from generators.bifi.critic import is_breakage
from pipeline.files.storage import Storage
from pipeline.inspection.replay import replay
from pipeline.inspection.verify import verify
from pipeline.run.launch import launch
from pipeline.run.progress import SilentReport
from schemas.config import RunConfig, load_config
from schemas.errors import RequestError
from schemas.manifest import Manifest
from schemas.record import COLUMNS
from tests.pipeline.fakes import RecordingReport, WatchedStorage, at, in_child, kill, published
from validators import get_language

SNIPPETS = {
    "excel": [f'=IF(SUM(A{i}:B{i + 3})>={i},LEFT(C{i},2)&"x","no")' for i in range(1, 40)]
    + [f"='My sheet'!B{i}<>MAX(D{i}:D9)" for i in range(1, 9)],
    "python": [f"def f(a, b={i}):\n    if a == b:\n        return [a, {i}]\n    return g(b)" for i in range(30)],
    "powershell": [f'Get-ChildItem -Path "C:\\{i}" | Where-Object {{ $_.Length -gt {i} }}' for i in range(30)],
}
RUNS = [("flame", "excel"), ("bifi", "python"), ("bifi", "powershell")]


def corpus(folder: Path, language: str, more: Sequence[str] = ()) -> str:
    path = folder / f"{language}.jsonl"
    path.write_text("".join(json.dumps({"code": code, "source": "me"}) + "\n" for code in (*SNIPPETS[language], *more)))
    return str(path)


def config(out: Path, generator: str, language: str, uri: str, **options: Any) -> RunConfig:
    given: dict[str, Any] = {"generator": generator, "language": language, "out": str(out), "corpus": uri, "pairs": 60}
    settings = ["shard_rows=48", "publish.keep_rejected=true", "bifi.breaker=none"]
    return load_config(None, settings, given | options)


def run(chosen: RunConfig, report: Any = None) -> Manifest:
    return launch(chosen, report or SilentReport(), local=True)


def rows(out: Path, language: str) -> list[dict[str, Any]]:
    return [row for file in sorted(out.glob(f"data/{language}/*.parquet")) for row in pq.read_table(file).to_pylist()]


@pytest.mark.parametrize(("generator", "language"), RUNS)
def test_a_run_publishes_pairs_with_the_same_columns_that_say_where_they_are_from(
    generator: str, language: str, tmp_path: Path
) -> None:
    chosen = config(tmp_path / "out", generator, language, corpus(tmp_path, language, ["(("]))
    manifest = run(chosen)
    found = rows(tmp_path / "out", language)
    assert len(found) == 60
    for row in found:
        assert list(row) == list(COLUMNS)
        assert row["generator"] == generator and row["source_id"].startswith("me#") and "operator" in row["recipe"]
        assert row["timestep"] is row["trajectory_id"] is None
        assert row["fixed"] in SNIPPETS[language]
    assert verify(Storage(chosen.out), deep=True) == []
    used = len(SNIPPETS[language])
    assert manifest.statistics["corpus"] == {
        "name": f"{language}.jsonl", "read": used + 1, "rejected": 1, "too_long": 0, "duplicates": 0, "used": used,
    }  # fmt: skip
    card = (tmp_path / "out" / "README.md").read_text()
    assert f"{used + 1} were read, {used} used" in card


@pytest.mark.parametrize(("generator", "language"), RUNS)
def test_every_row_is_made_again_from_its_id_and_the_corpus(generator: str, language: str, tmp_path: Path) -> None:
    uri = corpus(tmp_path, language)
    run(config(tmp_path / "out", generator, language, uri))
    for row in rows(tmp_path / "out", language)[::7]:
        found = replay(str(tmp_path / "out"), row["id"], corpus=uri, breaker="none")
        assert found["identical"], row["id"]


def test_a_run_that_is_killed_anywhere_and_run_again_publishes_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = corpus(tmp_path, "excel")
    run(config(tmp_path / "calm", "flame", "excel", uri))
    expected = published(tmp_path / "calm")
    watched = WatchedStorage(str(tmp_path / "counted"))
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.run.launch.Storage", lambda uri: watched)
        run(config(tmp_path / "counted", "flame", "excel", uri))
    for number in range(1, len(watched.accesses) + 1, 5):
        chosen = config(tmp_path / "killed", "flame", "excel", uri)
        with monkeypatch.context() as patch:
            breaking = WatchedStorage(chosen.out, before=at(number, kill))
            patch.setattr("pipeline.run.launch.Storage", lambda uri, breaking=breaking: breaking)
            assert in_child(lambda chosen=chosen: run(chosen)) == 9, number
        run(chosen)
        assert published(tmp_path / "killed") == expected, number
        shutil.rmtree(tmp_path / "killed")


def test_a_run_is_not_gone_on_with_another_corpus_but_with_a_copy(tmp_path: Path) -> None:
    uri = corpus(tmp_path, "excel")
    run(config(tmp_path / "out", "flame", "excel", uri))
    copy = shutil.copy(uri, tmp_path / "copy.jsonl")
    report = RecordingReport()
    run(config(tmp_path / "out", "flame", "excel", str(copy)), report)
    assert report.messages[0].startswith("nothing to do")
    with pytest.raises(RequestError, match=r"corpus is .*, was .*--out"):
        run(config(tmp_path / "out", "flame", "excel", corpus(tmp_path, "excel", ["=A1+A2"])))


def test_a_corpus_in_another_language_stops_the_run_and_leaves_nothing(tmp_path: Path) -> None:
    chosen = config(tmp_path / "out", "flame", "excel", corpus(tmp_path, "python"))
    with pytest.raises(RequestError, match=r"30 of 30"):
        run(chosen)
    assert rows(tmp_path / "out", "excel") == []


def test_a_published_dataset_is_a_corpus(tmp_path: Path) -> None:
    run(config(tmp_path / "first", "flame", "excel", corpus(tmp_path, "excel")))
    run(config(tmp_path / "second", "flame", "excel", str(tmp_path / "first"), seed=1))
    fixed = {row["fixed"] for row in rows(tmp_path / "first", "excel")}
    assert {row["fixed"] for row in rows(tmp_path / "second", "excel")} <= fixed


def test_weighted_operators_are_drawn_otherwise_and_named_in_the_recipe(tmp_path: Path) -> None:
    uri = corpus(tmp_path, "excel")
    run(config(tmp_path / "out", "flame", "excel", uri, **{"flame.sampler": "weighted"}))
    assert all("sampler=weighted weights=" in row["recipe"] for row in rows(tmp_path / "out", "excel"))


def test_the_bundled_breaker_breaks_python_at_once_and_every_row_of_it_can_be_made_again(tmp_path: Path) -> None:
    uri = corpus(tmp_path, "python")
    settings = ["shard_rows=16", "bifi.tile=8", "bifi.beams=3"]
    options = {"generator": "bifi", "language": "python", "corpus": uri, "pairs": 12, "out": str(tmp_path / "out")}
    run(load_config(None, settings, options))
    found = rows(tmp_path / "out", "python")
    assert len(found) == 12
    for row in found:
        assert row["recipe"].startswith("breaker=")
        assert is_breakage(get_language("python"), row["broken"], row["fixed"])
    for row in found[::5]:
        assert replay(str(tmp_path / "out"), row["id"], corpus=uri)["identical"]
