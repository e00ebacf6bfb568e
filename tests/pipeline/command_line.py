"""The command line in the process of the tests."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipeline.cli import main


class Result:
    """What a command left behind."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Cli:
    """Runs commands in this process, as `main` does."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: object) -> Result:
        with pytest.raises(SystemExit) as caught:
            main([str(argument) for argument in arguments])
        code = caught.value.code
        captured = self._capsys.readouterr()
        return Result(code if isinstance(code, int) else 0 if code is None else 1, captured.out, captured.err)

    def refused(self, *arguments: object, code: int = 2) -> str:
        """The one line on stderr of a command that must not succeed."""
        result = self(*arguments)
        assert (result.code, result.out) == (code, "")
        assert result.err.startswith("repairgen: ") and result.err.count("\n") == 1, result.err
        return result.err
