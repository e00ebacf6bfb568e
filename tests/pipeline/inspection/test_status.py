from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.files.storage import Storage
from pipeline.inspection.status import read_status
from pipeline.run.driver import IDENTITY
from pipeline.run.shard import receipt_path
from schemas.errors import RunError
from schemas.manifest import Receipt
from tests.pipeline.fakes import RecordingReport, WatchedStorage, make_config, run_fake

SAMPLED = 2 * make_config("").shard_rows  # rows of two shards


class Interrupting(RecordingReport):
    """Stops the run when so many shards are finished."""

    def __init__(self, shards: int) -> None:
        super().__init__()
        self._left = shards

    def shard_done(self, receipt: Receipt, prefix_pairs: int, target: int) -> None:
        super().shard_done(receipt, prefix_pairs, target)
        self._left -= 1
        if not self._left:
            raise KeyboardInterrupt


@pytest.fixture
def interrupted(tmp_path: Path) -> Path:
    """A run of three shards that was interrupted after two."""
    with pytest.raises(RunError, match="interrupted"):
        run_fake(make_config(tmp_path), report=Interrupting(2))
    return tmp_path


def test_an_empty_place_holds_no_run(tmp_path: Path) -> None:
    status = read_status(Storage(str(tmp_path / "none")))
    assert (status.state, status.shards, status.ledger.sampled) == ("not started", 0, 0)
    assert not (tmp_path / "none").exists(), "asking creates nothing"


def test_an_interrupted_run_shows_its_finished_shards(interrupted: Path) -> None:
    status = read_status(Storage(str(interrupted)))
    assert (status.state, status.shards, status.ledger.sampled) == ("unfinished", 2, SAMPLED)
    figures = status.to_dict()
    assert figures["target"] == 40
    assert 0 < figures["pairs"] == status.ledger.written
    assert "fingerprint" not in figures
    status.ledger.check(sampled=SAMPLED)


def test_a_damaged_receipt_counts_as_a_shard_to_do(interrupted: Path) -> None:
    (interrupted / receipt_path(0)).write_text('{"shard": 0')
    (interrupted / ".work/shards/notes.json").write_text("[]")
    assert read_status(Storage(str(interrupted))).shards == 1


def test_a_damaged_identity_is_named(interrupted: Path) -> None:
    (interrupted / IDENTITY).write_text("{")
    with pytest.raises(RunError, match=r"identity\.json is damaged; delete"):
        read_status(Storage(str(interrupted)))


def test_a_finished_run_shows_what_is_published(tmp_path: Path) -> None:
    manifest = run_fake(make_config(tmp_path))
    figures = read_status(Storage(str(tmp_path))).to_dict()
    assert (figures["state"], figures["pairs"], figures["shards"]) == ("finished", 40, manifest.shards)
    assert figures["fingerprint"] == manifest.fingerprint
    assert figures["statistics"] == manifest.statistics
    assert figures["ledger"] == manifest.ledger


def test_an_interrupted_publication_is_not_finished(tmp_path: Path) -> None:
    run_fake(make_config(tmp_path))
    (tmp_path / "README.md").unlink()
    assert read_status(Storage(str(tmp_path))).state == "unfinished"


def test_asking_changes_nothing(interrupted: Path) -> None:
    storage = WatchedStorage(str(interrupted))
    read_status(storage)
    assert storage.accesses
    assert storage.changes == []
