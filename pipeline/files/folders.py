"""Local folders that commands write their results into."""

from __future__ import annotations

import os
from pathlib import Path

from schemas.errors import RequestError


def make_folder(out: Path) -> None:
    """Make sure, before any work, that ``out`` is a folder that can be written.

    Raises:
        RequestError: it is not, in one line.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RequestError(f"cannot make the folder {out} ({error.strerror}); choose another --out") from error
    if not os.access(out, os.W_OK):
        raise RequestError(f"cannot write into {out}; choose a folder of your own")
