"""Local files that appear whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_whole(file: Path, writer: str = "") -> Iterator[Path]:
    """Give the path of a hidden file beside ``file`` to write to; once the block ends, it takes the place of ``file``.

    The content is on the disk before the name is, so that a loss of power leaves the old file or the new one.

    Args:
        file: in a folder that exists.
        writer: tells apart writers that may write the same file at the same time.

    Raises:
        OSError: the file cannot be written; nothing is left behind then.
    """
    part = file.with_name(f".{file.name}{writer}.tmp")
    try:
        yield part
        _flush(part)
        part.replace(file)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    _flush(file.parent)


def write_whole(file: Path, content: bytes | str) -> None:
    """Write ``content``, a text as UTF-8. Raises OSError, as `written_whole` does."""
    with written_whole(file) as part:
        part.write_bytes(content.encode() if isinstance(content, str) else content)


def _flush(path: Path) -> None:
    """Wait until a file's content, or a folder's names, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
