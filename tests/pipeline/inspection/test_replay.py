"""One row again, from its id alone (reliability test 15)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline.files.storage import Storage
from pipeline.inspection.replay import replay
from pipeline.inspection.show import Choice, choose
from pipeline.inspection.verify import verify
from pipeline.run.launch import launch
from pipeline.run.progress import SilentReport
from schemas.config import load_config
from schemas.errors import RequestError

SETTINGS = ("diffusion.steps=6", "diffusion.draws=3", "diffusion.tile=8", "shard_rows=48")

NEAR = ("diffusion.selection=stratified", "diffusion.distances=[1, 4]", "diffusion.t_axis=recovery")


def make(out: Path, *settings: str) -> Path:
    options = {"language": "excel", "pairs": 12, "seed": 3, "out": str(out)}
    launch(load_config(None, [*SETTINGS, *settings], options), SilentReport(), local=True)
    return out


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("replay") / "out")


def rows(dataset: Path) -> list[dict[str, Any]]:
    return [row for file in sorted(dataset.glob("data/excel/*.parquet")) for row in pq.read_table(file).to_pylist()]


def test_every_published_row_is_made_again_from_its_id(dataset: Path) -> None:
    published = rows(dataset)
    assert len(published) == 12
    for row in published:
        found = replay(str(dataset), row["id"])
        assert found["identical"] and found["reason"] is None
        assert (found["record"]["broken"], found["record"]["fixed"]) == (row["broken"], row["fixed"])


def test_stratified_rows_on_another_axis_are_made_again_shown_and_verified(tmp_path: Path) -> None:
    near = make(tmp_path / "out", *NEAR)
    published = rows(near)
    for row in published[::4]:
        assert row["recipe"].endswith("tile=8 t_axis=recovery selection=stratified:1-4")
        assert replay(str(near), row["id"])["identical"]
    assert verify(Storage(str(near)), deep=True) == []
    shown = choose(Storage(str(near)), Choice(count=12))
    assert {row["id"]: row for row in shown} == {row["id"]: row for row in published}


def test_a_row_that_was_rejected_says_why(dataset: Path) -> None:
    ids = {row["id"] for row in rows(dataset)}
    rejected = next(name for row in range(48) if (name := f"excel-diffusion-3-000000-{row:06d}") not in ids)
    found = replay(str(dataset), rejected)
    assert found["published"] is None and not found["identical"]
    assert found["reason"] is not None


@pytest.mark.parametrize(
    ("row_id", "message"),
    [
        ("nonsense", "not of the form"),
        ("excel-diffusion-4-000000-000001", "not of the run"),
        ("python-diffusion-3-000000-000001", "not of the run"),
        ("excel-diffusion-3-000000-000048", "not of the run"),
    ],
)
def test_an_id_of_another_run_is_refused(dataset: Path, row_id: str, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        replay(str(dataset), row_id)


def test_a_folder_without_a_dataset_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="holds no published dataset"):
        replay(str(tmp_path), "excel-diffusion-3-000000-000001")


def test_another_model_is_refused(dataset: Path, tmp_path: Path) -> None:
    from generators.diffusion.checkpoint import find_checkpoint

    other = tmp_path / "model"
    other.mkdir()
    for file in find_checkpoint("excel", None).iterdir():
        (other / file.name).write_bytes(file.read_bytes())
    config = other / "config.json"
    config.write_text(config.read_text().replace('"trained_steps": ', '"trained_steps": 1'))
    with pytest.raises(RequestError, match="another model"):
        replay(str(dataset), "excel-diffusion-3-000000-000001", checkpoint=str(other))
