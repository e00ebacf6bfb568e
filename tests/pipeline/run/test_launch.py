"""A worker may stand in another folder than the driver: paths are made absolute before it is told of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.run.launch import _anchored
from schemas.config import load_config


def test_paths_that_a_worker_opens_are_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    given = {"language": "excel", "pairs": 1, "out": "out"}
    settings = ["filters.benchmarks=[b.json]", "flame.weights=w.json", "bifi.breaker=breaker"]
    config = _anchored(load_config(None, settings, given | {"checkpoint": "model"}))
    here = str(tmp_path)
    assert (config.out, config.checkpoint) == (f"{here}/out", f"{here}/model")
    assert config.filters.benchmarks == (f"{here}/b.json",)
    assert (config.flame.weights, config.bifi.breaker) == (f"{here}/w.json", f"{here}/breaker")


def test_what_is_no_path_stays(tmp_path: Path) -> None:
    given = {"language": "python", "generator": "bifi", "pairs": 1, "out": "s3://bucket/out", "corpus": "owner/name"}
    config = load_config(None, ["bifi.breaker=none"], given)
    assert _anchored(config) == config
