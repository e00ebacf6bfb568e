"""The verbs of a storage mean the same on a local folder and on an object store."""

from __future__ import annotations

import os
import stat
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from pipeline.files.storage import MissingFileError, Storage, StorageError
from schemas.errors import RequestError

T = TypeVar("T")


@pytest.fixture(params=["local", "object store"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    return Storage(str(tmp_path / "out") if request.param == "local" else f"memory://{uuid.uuid4().hex}/out")


def test_what_is_written_can_be_read_replaced_listed_and_deleted(storage: Storage) -> None:
    assert storage.list() == storage.list("data") == []
    storage.write("data/b", b"1")
    storage.write("data/b", b"")
    storage.write("data/a", bytes(range(256)))
    storage.write("README.md", b"card")
    assert storage.read("data/a") == bytes(range(256))
    assert (storage.size("data/a"), storage.size("data/b")) == (256, 0)
    assert storage.list() == ["README.md", "data/a", "data/b"]
    assert storage.list("data") == ["data/a", "data/b"]
    assert storage.exists("data/a") and not storage.exists("data/c")
    storage.delete("data/a")
    storage.delete("data/a")
    assert storage.list("data") == ["data/b"]


@pytest.mark.parametrize("verb", ["read", "size"])
def test_a_file_that_is_not_there_is_named(verb: str, storage: Storage) -> None:
    with pytest.raises(MissingFileError, match=r"holds no data/nothing"):
        getattr(storage, verb)("data/nothing")


def test_relative_and_absolute_paths_and_file_uris_are_one_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Storage("out").write("a/b", b"1")
    for uri in ("./out/", str(tmp_path / "x" / ".." / "out"), f"file://{tmp_path}/out"):
        assert Storage(uri).list() == ["a/b"]
        assert Storage(uri).read("a/b") == b"1"


def test_published_files_get_the_rights_that_the_user_gives_to_files(tmp_path: Path) -> None:
    Storage(str(tmp_path)).write("file", b"")
    (tmp_path / "plain").touch()
    rights = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("file", "plain")]
    assert rights[0] == rights[1]


def test_leftovers_of_a_killed_writer_are_hidden_and_cleaned_and_nothing_else_is(tmp_path: Path) -> None:
    leftover = f".000001.parquet.{uuid.uuid4().hex}.tmp"
    others = [".hidden", "notes.tmp", ".vim.tmp", f"{uuid.uuid4().hex}.tmp"]
    for folder in (tmp_path, tmp_path / ".work/shards", tmp_path / "data/excel"):
        folder.mkdir(parents=True, exist_ok=True)
        for name in (leftover, *others):
            (folder / name).touch()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / leftover).touch()
    storage = Storage(str(tmp_path))
    assert not [path for path in storage.list() if path.endswith(leftover)]
    storage.clean()
    left = {path.name for path in tmp_path.rglob("*") if path.is_file() and path.parent.name != "mine"}
    assert left == set(others)
    assert (tmp_path / "mine" / leftover).exists()


def test_a_place_that_cannot_be_used_is_explained_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    storage = Storage(str(tmp_path / "file"))
    for action in (lambda: storage.write("a", b""), lambda: storage.read("a"), lambda: storage.list("a")):
        with pytest.raises(StorageError, match=r"^cannot \w+ .*file/a: a file stands where .*; choose another"):
            action()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_the_right_to_write_is_explained(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    with pytest.raises(StorageError, match="permission denied; choose another place or change its permissions"):
        Storage(str(tmp_path)).write("a", b"")


@pytest.mark.parametrize("uri", ["nowhere://bucket/out", "s3a+b://x"])
def test_an_unknown_kind_of_store_is_a_wrong_request(uri: str) -> None:
    with pytest.raises(RequestError, match=r"cannot use .*local path"):
        Storage(uri)


class Flaky(Storage):
    """Fails so many times before it works."""

    delays = (0.0, 0.0, 0.0)

    def __init__(self, uri: str, failures: int, error: Exception) -> None:
        super().__init__(uri)
        self.left, self.error, self.attempts = failures, error, 0

    def access(self, verb: str, path: str, action: Callable[[], T]) -> T:
        self.attempts += 1
        if self.left:
            self.left -= 1
            raise self.error
        return super().access(verb, path, action)


def test_an_object_store_is_asked_again_a_bounded_number_of_times(caplog: pytest.LogCaptureFixture) -> None:
    uri = f"memory://{uuid.uuid4().hex}"
    patient = Flaky(uri, 3, TimeoutError("slow down"))
    patient.write("a", b"1")
    assert patient.read("a") == b"1"
    assert caplog.text.count("slow down; once that is mended, the same command resumes; again in 0 s") == 3
    hopeless = Flaky(uri, 4, TimeoutError("slow down"))
    with pytest.raises(StorageError, match="slow down"):
        hopeless.read("a")
    assert hopeless.attempts == 4


@pytest.mark.parametrize("error", [PermissionError("no"), ValueError("not of the system")])
def test_what_no_repetition_will_mend_is_not_repeated(error: Exception) -> None:
    storage = Flaky(f"memory://{uuid.uuid4().hex}", 1, error)
    with pytest.raises(StorageError):
        storage.write("a", b"1")
    assert storage.attempts == 1


def test_a_local_folder_is_not_asked_again(tmp_path: Path) -> None:
    storage = Flaky(str(tmp_path), 1, OSError("full"))
    with pytest.raises(StorageError, match="full"):
        storage.write("a", b"1")
    assert storage.attempts == 1


def test_a_folder_has_one_owner_at_a_time(tmp_path: Path) -> None:
    first, second = Storage(str(tmp_path)), Storage(str(tmp_path))
    with first.owned(), pytest.raises(RequestError, match="another run"), second.owned():
        pass
    with second.owned():
        assert (tmp_path / ".work/lock").exists()


def test_an_object_store_has_no_lock() -> None:
    uri = f"memory://{uuid.uuid4().hex}"
    with Storage(uri).owned(), Storage(uri).owned():
        assert Storage(uri).list() == []
