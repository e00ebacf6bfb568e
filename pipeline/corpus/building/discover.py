"""The source files of a language below what a user names."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.corpus.building.excel import read_workbook
from pipeline.corpus.building.excerpts import Excerpt, FileReason, Length, SkippedFileError
from pipeline.corpus.building.powershell import read_markdown, read_script
from pipeline.corpus.building.python import read_notebook, read_python
from schemas.errors import RequestError

MEGABYTE = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of source file."""

    name: str
    suffixes: tuple[str, ...]
    max_bytes: int  # a larger file is skipped; what is read of one is in memory at a time
    read: Callable[[bytes, Length], Iterator[Excerpt]]


KINDS: dict[str, tuple[Kind, ...]] = {
    "python": (
        Kind(name="Python files", suffixes=(".py",), max_bytes=2 * MEGABYTE, read=read_python),
        Kind(name="notebooks", suffixes=(".ipynb",), max_bytes=32 * MEGABYTE, read=read_notebook),
    ),
    "powershell": (
        Kind(name="scripts", suffixes=(".ps1", ".psm1"), max_bytes=2 * MEGABYTE, read=read_script),
        Kind(name="Markdown files", suffixes=(".md", ".markdown"), max_bytes=2 * MEGABYTE, read=read_markdown),
    ),
    "excel": (Kind(name="workbooks", suffixes=(".xlsx", ".xlsm"), max_bytes=64 * MEGABYTE, read=read_workbook),),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """A file that is to be read."""

    path: Path
    name: str  # below the folder that the user named, that folder's name included
    kind: Kind


def find_files(language: str, paths: Sequence[str], skip: Callable[[str, SkippedFileError], None]) -> list[SourceFile]:
    """The files of the language's kinds, in the order of the paths and below a folder in that of their names.

    Hidden folders and links to folders are passed over; a file that is met twice counts once.

    Args:
        language: decides which kinds.
        paths: files and folders.
        skip: told of folders that cannot be read.

    Raises:
        RequestError: a path is not there or is a file of no such kind, or there is no file in the folders.
    """
    suffixes = {suffix: kind for kind in KINDS[language] for suffix in kind.suffixes}
    files: list[SourceFile] = []
    for given in paths:
        path = Path(given)
        if path.is_dir():
            found = list(_walk(path, skip))
        elif not os.path.lexists(path):
            raise RequestError(f"{given} is not there: give files or folders of {language}")
        elif path.suffix.lower() not in suffixes:
            raise RequestError(f"{given} is none of {', '.join(suffixes)}: `corpus --language {language}` reads those")
        else:
            found = [(path, path.name)]
        files += [
            SourceFile(path=file, name=name, kind=suffixes[file.suffix.lower()])
            for file, name in found
            if file.suffix.lower() in suffixes and not file.name.startswith("~$")  # Excel's mark of an open workbook
        ]
    if not files:
        raise RequestError(f"there is no file of {', '.join(suffixes)} in {', '.join(paths)}: give other folders")
    return list({os.path.realpath(file.path): file for file in reversed(files)}.values())[::-1]


def _walk(folder: Path, skip: Callable[[str, SkippedFileError], None]) -> Iterator[tuple[Path, str]]:
    top = folder.resolve().name

    def failed(error: OSError) -> None:
        name = f"{top}/{os.path.relpath(str(error.filename), folder)}"
        skip(name, SkippedFileError(FileReason.UNREADABLE, error.strerror or str(error)))

    for root, folders, names in os.walk(folder, onerror=failed):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            file = Path(root, name)
            yield file, os.fsencode(f"{top}/{file.relative_to(folder).as_posix()}").decode("utf-8", "replace")


def read_bytes(file: SourceFile) -> bytes:
    """All of a file.

    Raises:
        SkippedFileError: it cannot be read, is too large, or is no regular file, where reading might never end.
    """
    try:
        if not stat.S_ISREG(file.path.stat().st_mode):
            raise SkippedFileError(FileReason.NOT_A_FILE)
        with file.path.open("rb") as stream:
            data = stream.read(file.kind.max_bytes + 1)
    except OSError as error:
        raise SkippedFileError(FileReason.UNREADABLE, error.strerror or str(error)) from error
    if len(data) > file.kind.max_bytes:
        raise SkippedFileError(FileReason.TOO_LARGE, f"more than {file.kind.max_bytes // MEGABYTE} MiB")
    return data
