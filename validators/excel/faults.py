"""The exception by which the strict layer reports what it refuses; it never leaves the package."""

from __future__ import annotations

from validators.base import ErrorKind


class Fault(Exception):
    """What Excel would complain of, and where."""

    def __init__(self, kind: ErrorKind, message: str, offset: int) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.offset = offset  # in characters
