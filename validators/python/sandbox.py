"""Runs a Python program on inputs and compares what it prints, each input in a process of its own, with limits.

This is the harness behind execution match where a problem has tests. It runs code that a model wrote, so nothing here
is used unless a user asks for it.

What it is: a guard against accidents and simple malice. A program gets limits on processor time, wall time, memory and
open files, an empty folder, no environment, no site packages and nothing on its input but the test's. It can write no
file (the kernel's limit on file size is 0), and an audit hook ends it as soon as it opens a file for writing or asks
for sockets, other processes, threads, signals to others, changes to files, or ctypes. When it ends, or its time is
up, its process group is killed.

What it is not: a security boundary. The hook lives in the process that it watches, a program may read every file that
the user may read, and the kernel is shared. Where programs may be hostile, run this in a container or a virtual
machine that can be lost. It needs a POSIX system; where a system has no such limit (memory on macOS), that one is
missing. No network namespace is made: sockets are refused by the hook alone.

An output is right if it is the expected one but for white space at the ends of lines and of the whole. A program that
is right but ends with another exit code than 0 is an error. Hashes of strings are the same in every run; programs that
depend on the clock or on chance may still answer differently each time.
"""

from __future__ import annotations

import os
import platform
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest
from pathlib import Path
from typing import IO, ClassVar

from schemas.errors import RunError
from validators.comparison import Comparison
from validators.python.language import LANGUAGE

HARNESS = "python-tests 1"  # to be raised with every change of an answer here
_RUNNER = Path(__file__).with_name("sandboxed.py")
_ENVIRONMENT = {"PYTHONHASHSEED": "0"}
_REPORT_BYTES = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one run of a program may use."""

    cpu_seconds: int = 2
    wall_seconds: float = 6.0
    memory_bytes: int = 512 * 2**20  # of address space
    output_bytes: int = 2**20
    open_files: int = 16


LIMITS = Limits()


class Status(StrEnum):
    """How one test ended."""

    PASSED = "passed"
    WRONG_OUTPUT = "wrong output"
    ERROR = "error"  # an exception, a signal, an exit code, or code that isn't Python
    TIMEOUT = "timeout"
    MEMORY = "memory"
    REFUSED = "refused"  # it tried what the sandbox doesn't allow


_REPORTS = {"error": Status.ERROR, "memory": Status.MEMORY, "refused": Status.REFUSED}


@dataclass(frozen=True, slots=True)
class TestResult:
    """One test: how it ended, and one line on why."""

    __test__: ClassVar[bool] = False  # for pytest: not a class of tests

    status: Status
    detail: str = ""


@dataclass(frozen=True, slots=True)
class TestOutcome:
    """The tests that were run: all of them, or those up to the first that did not pass."""

    __test__: ClassVar[bool] = False

    results: tuple[TestResult, ...]
    total: int  # tests that there were

    @property
    def passed(self) -> bool:
        """Whether there were tests and all passed."""
        return self.total > 0 and [result.status for result in self.results] == [Status.PASSED] * self.total


def run_tests(code: str, tests: Sequence[tuple[str, str]], *, limits: Limits = LIMITS) -> TestOutcome:
    """Run ``code`` on each test, an input and what shall be printed for it, until one does not pass.

    Each test has a process of its own. A program that the validator rejects is not run.

    Raises:
        RunError: the system can't run programs this way.
    """
    if os.name != "posix":
        raise RunError("programs can be run on their tests on POSIX systems only; leave the tests out")
    verdict = LANGUAGE.check(code)
    if not verdict.accepted:
        return TestOutcome((TestResult(Status.ERROR, f"not run: {verdict.message}"),), len(tests))
    results: list[TestResult] = []
    for stdin, expected in tests:
        results.append(_judge(_run(code, stdin, limits), expected, limits))
        if results[-1].status is not Status.PASSED:
            break
    return TestOutcome(tuple(results), len(tests))


def program_match(code: str, tests: Sequence[tuple[str, str]], *, limits: Limits = LIMITS) -> Comparison:
    """Whether ``code`` passes all tests. Raises as `run_tests` does."""
    outcome = run_tests(code, tests, limits=limits)
    if outcome.passed:
        return Comparison(True, "tests", f"{outcome.total} passed")
    if not outcome.results:
        return Comparison(False, "tests", "there are no tests")
    last = outcome.results[-1]
    return Comparison(False, "tests", f"test {len(outcome.results)} of {outcome.total}: {last.status}: {last.detail}")


def harness() -> str:
    """The harness with its version, and the name and version of what runs the programs."""
    return f"{HARNESS} ({platform.python_implementation()} {platform.python_version()})"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """What became of a process."""

    output: bytes
    report: bytes  # of the runner: ``kind: detail``, or nothing
    code: int  # as `subprocess.Popen.returncode`
    too_late: bool
    too_much: bool


def _run(code: str, stdin: str, limits: Limits) -> _Run:
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="sandbox-"))
        program, given = (stack.enter_context(tempfile.TemporaryFile()) for _ in range(2))
        for file, text in ((program, code), (given, stdin)):
            file.write(text.encode(errors="replace"))
            file.seek(0)
        reading, writing = os.pipe()
        reports = stack.enter_context(open(reading, "rb", buffering=0))
        numbers = (program.fileno(), writing, limits.cpu_seconds, limits.memory_bytes, limits.open_files)
        with open(writing, "wb", buffering=0):
            process = subprocess.Popen(
                [sys.executable, "-B", "-P", "-s", "-S", "-X", "utf8", str(_RUNNER), *map(str, numbers)],
                stdin=given,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                cwd=folder,
                env=_ENVIRONMENT,
                pass_fds=(program.fileno(), writing),
                start_new_session=True,
            )
        with process:  # waits for its end, last of all
            try:
                return _follow(process, reports, limits)
            finally:
                with suppress(ProcessLookupError, PermissionError):  # the group is empty
                    os.killpg(process.pid, signal.SIGKILL)


def _follow(process: subprocess.Popen[bytes], reports: IO[bytes], limits: Limits) -> _Run:
    """Read what a process writes until it ends, writes too much or its time is up."""
    assert process.stdout is not None, "a pipe was asked for"
    deadline = time.monotonic() + limits.wall_seconds
    output, report = bytearray(), bytearray()
    too_late = too_much = False
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ, output)
        selector.register(reports, selectors.EVENT_READ, report)
        while selector.get_map() and not (too_late or too_much):
            ready = selector.select(max(0.0, deadline - time.monotonic()))
            too_late = not ready
            for key, _ in ready:
                chunk = os.read(key.fd, 65_536)
                key.data.extend(chunk)
                if not chunk or (key.fileobj is reports and len(report) > _REPORT_BYTES):
                    selector.unregister(key.fileobj)
            too_much = len(output) > limits.output_bytes
    if not (too_late or too_much):
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            too_late = True
    return _Run(
        output=bytes(output), report=bytes(report), code=process.poll() or 0, too_late=too_late, too_much=too_much
    )


def _judge(run: _Run, expected: str, limits: Limits) -> TestResult:
    if run.too_late:
        return TestResult(Status.TIMEOUT, f"not done after {limits.wall_seconds} s")
    if run.too_much:
        return TestResult(Status.WRONG_OUTPUT, f"more than {limits.output_bytes} bytes of output")
    if run.report:
        kind, _, detail = run.report.decode(errors="replace").partition(": ")
        if kind == "memory":
            detail = f"more than {limits.memory_bytes} bytes"
        return TestResult(_REPORTS.get(kind, Status.ERROR), detail or kind[:60])
    if run.code == -signal.SIGXCPU:
        return TestResult(Status.TIMEOUT, f"more than {limits.cpu_seconds} s of processor time")
    if run.code:
        ended = f"exit code {run.code}" if run.code > 0 else f"ended by signal {-run.code}"
        return TestResult(Status.ERROR, ended)
    printed, right = _lines(run.output.decode(errors="replace")), _lines(expected)
    if printed == right:
        return TestResult(Status.PASSED)
    pairs = enumerate(zip_longest(printed, right), start=1)
    number, (one, other) = next((n, pair) for n, pair in pairs if pair[0] != pair[1])
    return TestResult(Status.WRONG_OUTPUT, f"line {number}: {_quoted(one)} instead of {_quoted(other)}")


def _lines(text: str) -> list[str]:
    """The lines without white space at their ends, nor empty ones at the end of all."""
    return "\n".join(line.rstrip() for line in text.split("\n")).rstrip().split("\n")


def _quoted(line: str | None) -> str:
    return "nothing" if line is None else repr(line[:60])
