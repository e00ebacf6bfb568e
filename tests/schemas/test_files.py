"""A local file appears whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from schemas.files import write_whole, written_whole


def test_a_file_is_there_once_it_is_written_and_nothing_else_is(tmp_path: Path) -> None:
    with written_whole(tmp_path / "a.txt") as part:
        part.write_text("half")
        assert not (tmp_path / "a.txt").exists()
        part.write_text("whole")
    assert [file.name for file in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "whole"


def test_text_is_written_as_utf_8_and_bytes_as_they_are(tmp_path: Path) -> None:
    for content, expected in (("é\n", b"\xc3\xa9\n"), (b"\xff\r", b"\xff\r")):
        write_whole(tmp_path / "a", content)
        assert (tmp_path / "a").read_bytes() == expected


def test_what_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    write_whole(tmp_path / "a", "old")
    with pytest.raises(KeyboardInterrupt), written_whole(tmp_path / "a") as part:
        part.write_text("new")
        raise KeyboardInterrupt
    assert [file.name for file in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_text() == "old"


def test_the_content_is_on_the_disk_before_the_name_and_then_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, bool]] = []

    def fsync(descriptor: int) -> None:
        flushed = Path(f"/proc/self/fd/{descriptor}").resolve()
        seen.append((flushed.name if flushed.is_file() else "folder", (tmp_path / "a").exists()))

    monkeypatch.setattr(os, "fsync", fsync)
    write_whole(tmp_path / "a", "text")
    assert seen == [(".a.tmp", False), ("folder", True)]


def test_two_writers_of_one_file_do_not_meet(tmp_path: Path) -> None:
    with written_whole(tmp_path / "a", ".1") as one, written_whole(tmp_path / "a", ".2") as other:
        one.write_text("one")
        other.write_text("other")
    assert (tmp_path / "a").read_text() == "one"  # the outer one ends last
