"""A corpus from a diffusion model: what it says is accepted, distinct, non-trivial, and follows from the seed."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.corpus.building import from_model as model
from pipeline.corpus.building.build import BuildReport
from schemas.errors import RequestError, RunError

GOOD = [f"=SUM(A{n}:B{n})" for n in range(1, 40)]
SAID = ["=A1", "", "=SUM(A1", "=A1:B2", *GOOD[:4], *GOOD]

Draw = Callable[[Any, int, int], list[str]]


@pytest.fixture
def says(monkeypatch: pytest.MonkeyPatch) -> Callable[[Draw], None]:
    """Put words into the bundled model's mouth."""
    monkeypatch.setattr("generators.diffusion.checkpoint.load_checkpoint", lambda folder, language: None)
    return lambda draw: monkeypatch.setattr("generators.diffusion.quality.draw_texts", draw)


def make(out: Path, count: int = 20, **options: Any) -> BuildReport:
    return model.corpus_from_model(language="excel", checkpoint=None, count=count, out=str(out), **options)


def test_accepted_distinct_and_non_trivial_samples_are_kept(says: Callable[[Draw], None], tmp_path: Path) -> None:
    says(lambda checkpoint, count, seed: list(SAID))
    report = make(tmp_path / "out.jsonl", 39)
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").open()]
    assert sorted(row["code"] for row in rows) == sorted(GOOD)
    assert {tuple(row) for row in rows} == {("code", "source")}
    assert report.kept == 39 and report.found == report.kept + report.left_out.total()
    assert set(report.left_out) == {"trivial", "undecodable", "does not parse by itself", "duplicate"}


def test_the_order_does_not_follow_the_length_that_the_model_draws_by(
    says: Callable[[Draw], None], tmp_path: Path
) -> None:
    says(lambda checkpoint, count, seed: list(GOOD))
    make(tmp_path / "out.jsonl", 20)
    kept = [json.loads(line)["code"] for line in (tmp_path / "out.jsonl").open()]
    assert kept != GOOD[:20] and len(set(kept)) == 20


def test_the_same_seed_gives_the_same_bytes(says: Callable[[Draw], None], tmp_path: Path) -> None:
    says(lambda checkpoint, count, seed: [f"=SUM(A1,{seed % 997 + n})" for n in range(30)])
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        make(tmp_path / f"{name}.jsonl.gz", 50, seed=seed)
    a, b, c = ((tmp_path / f"{name}.jsonl.gz").read_bytes() for name in "abc")
    assert a == b != c
    assert gzip.decompress(a).count(b"\n") == 50


def test_benchmarks_are_left_out(says: Callable[[Draw], None], tmp_path: Path) -> None:
    (tmp_path / "b.json").write_text(json.dumps([{"Buggy": "=SUM(A1", "GroundTruth": "=sum( A1:B1 )"}]))
    says(lambda checkpoint, count, seed: list(GOOD))
    report = make(tmp_path / "out.jsonl", 38, benchmarks=[str(tmp_path / "b.json")])
    assert report.left_out["benchmark overlap"] == 1
    assert "=SUM(A1:B1)" not in (tmp_path / "out.jsonl").read_text()


def test_a_model_that_says_nothing_new_ends_the_build(says: Callable[[Draw], None], tmp_path: Path) -> None:
    says(lambda checkpoint, count, seed: ["=SUM(A1:A2)"] * 1_000)
    with pytest.raises(RunError, match=r"^only 1 of 1,000 samples of .*excel can be used: train it longer"):
        make(tmp_path / "out.jsonl")
    assert not list(tmp_path.iterdir())


def test_a_language_without_a_model_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("generators.diffusion.checkpoint.BUNDLED", tmp_path)
    with pytest.raises(RequestError, match="no diffusion model is bundled for powershell"):
        model.corpus_from_model(language="powershell", checkpoint=None, count=1, out=str(tmp_path / "out.jsonl"))


def test_the_bundled_model_can_be_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(model, "SAMPLES", 32)
    report = make(tmp_path / "out.jsonl", 5)
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").open()]
    assert len(rows) == report.kept == 5
    assert all(row["code"].startswith("=") for row in rows)
