"""The errors that reach a user as one line instead of a traceback."""

from __future__ import annotations


class ReportedError(Exception):
    """Carries one clear line: what happened, where, and what to do. `exit_code` is the exit status of the process."""

    exit_code = 1


class RunError(ReportedError):
    """The run failed: 1."""

    exit_code = 1


class RequestError(ReportedError):
    """The request was wrong, and no retry will help: 2."""

    exit_code = 2
