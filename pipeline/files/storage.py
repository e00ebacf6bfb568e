"""All access to OUT: a local folder or any fsspec URI, behind a few verbs on whole files.

A file appears whole or not at all. Locally that is a hidden temporary file in the same folder, flushed to disk and
renamed; an object store's put has it by nature. Every verb may be repeated: writing the same bytes twice, or deleting
what is gone, changes nothing. That is what makes retries, and reruns after a kill, safe.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import re
import time
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path
from typing import BinaryIO, TypeVar

from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from schemas.errors import RequestError, RunError
from schemas.files import written_whole

T = TypeVar("T")
logger = logging.getLogger(__name__)

_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{32}\.tmp")
_FOLDERS = (".work", "data", "rejected")
_LOCK = ".work/lock"
_PERMANENT = (FileNotFoundError, FileExistsError, PermissionError, IsADirectoryError, NotADirectoryError)


class StorageError(RunError):
    """A file cannot be read or written."""


class MissingFileError(StorageError):
    """There is no such file."""


class Storage:
    """A folder, addressed by paths relative to it with forward slashes.

    Args:
        uri: local path or fsspec URI; nothing is touched yet.

    Raises:
        RequestError: no such kind of store, or its driver is not installed.
    """

    delays: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0)  # seconds before each retry; object stores alone are retried

    def __init__(self, uri: str) -> None:
        try:
            self._fs, root = url_to_fs(uri, use_listings_cache=False)
        except (ImportError, ValueError) as error:
            message = f"cannot use {uri!r}: {_line(error)}; give a local path, or install the driver"
            raise RequestError(message) from error
        self.uri = uri
        self.is_local = isinstance(self._fs, LocalFileSystem)
        self._root = os.path.abspath(root) if self.is_local else root.rstrip("/")

    def read(self, path: str) -> bytes:
        """The bytes of a file.

        Raises:
            MissingFileError: there is none.
        """
        return bytes(self._do("read", path, lambda: self._fs.cat_file(self._full(path))))

    def write(self, path: str, data: bytes) -> None:
        """Put a file there, whole or not at all, over one that is there already."""
        if self.is_local:
            self._do("write", path, lambda: _write_file(Path(self._full(path)), data))
        else:
            self._do("write", path, lambda: self._fs.pipe_file(self._full(path), data))

    def size(self, path: str) -> int:
        """Bytes of a file.

        Raises:
            MissingFileError: there is none.
        """
        return int(self._do("read", path, lambda: self._fs.info(self._full(path))["size"]))

    def exists(self, path: str) -> bool:
        """Whether there is such a file."""
        try:
            self.size(path)
        except MissingFileError:
            return False
        return True

    def list(self, prefix: str = "") -> list[str]:
        """The relative paths of all files below a folder, sorted; none where there is no such folder."""
        start = self._full(prefix)
        options = {"on_error": "raise"} if self.is_local else {}
        try:
            found: list[str] = self._do("list", prefix, lambda: self._fs.find(start, **options))
        except MissingFileError:
            return []
        names = (f[len(self._root) :].lstrip("/") for f in found)
        return sorted(n for n in names if not _TEMPORARY.fullmatch(n.rpartition("/")[2]))

    def delete(self, path: str) -> None:
        """Remove a file; it is no error if there is none."""
        with contextlib.suppress(MissingFileError):
            self._do("delete", path, lambda: self._fs.rm_file(self._full(path)))

    def clean(self) -> None:
        """Remove the temporary files that a killed writer left. Only the owner of the folder may do that."""
        if self.is_local:
            root = Path(self._root)
            for file in chain(root.glob(".*.tmp"), *((root / folder).rglob(".*.tmp") for folder in _FOLDERS)):
                if _TEMPORARY.fullmatch(file.name):
                    self._do("delete", file.name, partial(file.unlink, missing_ok=True))

    @contextlib.contextmanager
    def owned(self) -> Iterator[None]:
        """Keep other runs out of a local folder while this one works in it; the lock dies with the process.

        Object stores have no such lock. Two runs of one identity do no harm there: they write the same bytes.

        Raises:
            RequestError: another run owns the folder.
        """
        if not self.is_local:
            yield
            return
        with self._do("write", _LOCK, lambda: _open_lock(Path(self._full(_LOCK)))) as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                message = f"another run is at work in {self.uri}; wait for it, or choose another --out"
                raise RequestError(message) from error
            except OSError as error:
                logger.warning("%s cannot be locked (%s); run one command at a time there", self.uri, error)
            yield

    def access(self, verb: str, path: str, action: Callable[[], T]) -> T:
        """Do what a verb does, once. Every access goes through here, so that a subclass can watch it or break it."""
        return action()

    def _full(self, path: str) -> str:
        return f"{self._root}/{path}" if path else self._root

    def _do(self, verb: str, path: str, action: Callable[[], T]) -> T:
        """Retry what may pass, and put everything else into one line."""
        for delay in (*(() if self.is_local else self.delays), None):
            try:
                return self.access(verb, path, action)
            except FileNotFoundError as error:
                if verb != "write":
                    raise MissingFileError(f"{self.uri} holds no {path}") from error
                raise StorageError(self._explain(verb, path, error)) from error
            except Exception as error:  # the drivers of object stores raise their own kinds
                if delay is None or not isinstance(error, OSError) or isinstance(error, _PERMANENT):
                    raise StorageError(self._explain(verb, path, error)) from error
                logger.warning("%s; again in %g s", self._explain(verb, path, error), delay)
                time.sleep(delay)
        raise AssertionError("the last attempt returns or raises")

    def _explain(self, verb: str, path: str, error: Exception) -> str:
        where = f"{self.uri.rstrip('/')}/{path}".rstrip("/")
        if isinstance(error, _PERMANENT):
            return f"cannot {verb} {where}: {_line(error)}; choose another place or change its permissions"
        return f"cannot {verb} {where}: {_line(error)}; once that is mended, the same command resumes"


def _write_file(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path, f".{uuid.uuid4().hex}") as temporary:
        temporary.write_bytes(data)


def _open_lock(path: Path) -> BinaryIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("ab")


def _line(error: Exception) -> str:
    if isinstance(error, FileExistsError | NotADirectoryError):
        return "a file stands where a folder must be"
    text = str(getattr(error, "strerror", None) or str(error).strip() or type(error).__name__).splitlines()[0]
    return text[0].lower() + text[1:]
