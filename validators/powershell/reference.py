"""What PowerShell itself says of a snippet, where it is installed: its own parser is asked, and nothing is run.

One process answers for many snippets: it reads one a line, in UTF-16 and base64, so that every string arrives as it is,
and writes the errors of its parser as JSON.
"""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO

from schemas.errors import RequestError

_PROGRAM = """
[Console]::OutputEncoding = [Text.UTF8Encoding]::new($false)
while ($null -ne ($line = [Console]::In.ReadLine())) {
    $code = [Text.Encoding]::Unicode.GetString([Convert]::FromBase64String($line))
    $tokens = $errors = $null
    $null = [Management.Automation.Language.Parser]::ParseInput($code, [ref]$tokens, [ref]$errors)
    $found = @(foreach ($e in $errors) { , @($e.ErrorId, $e.Extent.StartOffset, $e.Extent.EndOffset, $e.Message) })
    [Console]::Out.WriteLine((ConvertTo-Json -Compress -InputObject $found))
}
"""

# Errors that depend on what is installed where PowerShell runs: the syntax is right.
MACHINE_ERRORS = frozenset(
    {
        *("TypeNotFound", "CustomAttributeTypeNotFound", "ModuleNotFoundDuringParse", "ErrorLoadingAssembly"),
        "WorkflowNotSupportedInPowerShellCore",
    }
)


@dataclass(frozen=True, slots=True)
class ParserError:
    """An error of PowerShell's parser."""

    id: str
    start: int  # offset in UTF-16 code units, as PowerShell counts
    end: int
    message: str


class Reference:
    """A running PowerShell; see `open_reference`."""

    def __init__(self, process: subprocess.Popen[str], name: str) -> None:
        self._process = process
        self._name = name

    def errors(self, code: str) -> list[ParserError]:
        """The errors that make a snippet wrong, in the parser's own order; none if it is right.

        Raises:
            RequestError: PowerShell ended, or answered with something else.
        """
        line = base64.b64encode(code.encode("utf-16-le", "surrogatepass")).decode()
        answer = ""
        try:
            _pipe(self._process.stdin).write(line + "\n")
            _pipe(self._process.stdin).flush()
            answer = _pipe(self._process.stdout).readline()
            found = [ParserError(*fields) for fields in json.loads(answer)]
        except (OSError, ValueError, TypeError) as error:
            said = " ".join(answer.split())[:200] or "nothing"
            raise RequestError(f"{self._name} does not answer as PowerShell 7 does; it said: {said}") from error
        return [error for error in found if error.id not in MACHINE_ERRORS]


def _pipe(stream: IO[str] | None) -> IO[str]:
    assert stream is not None  # both are pipes
    return stream


@contextmanager
def open_reference(executable: str) -> Iterator[Reference]:
    """Start PowerShell, and end it behind the block.

    Args:
        executable: its name or path, as ``pwsh``.

    Raises:
        RequestError: there is no such executable.
    """
    path = shutil.which(executable)
    if path is None:
        raise RequestError(f"{executable} is not installed or not on the path: install PowerShell 7, or name its path")
    command = [path, "-NoProfile", "-NonInteractive", "-NoLogo", "-Command", _PROGRAM]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, encoding="utf-8"
    ) as process:
        try:
            yield Reference(process, executable)
        finally:
            process.kill()
            with suppress(BrokenPipeError):  # what it did not read
                _pipe(process.stdin).close()
