"""The engine in a process of its own, with limits on processor time and memory.

formualizer has loops that no limit of its own interrupts (CUMIPMT over 1e12 periods, SEARCH with many wildcards) and
none on memory. Where one comparison passes a limit, the kernel ends that process; the caller is told, and the next
comparison starts a new one.
"""

from __future__ import annotations

import json
import os
import resource
import select
import shlex
import subprocess
import sys
import threading
import weakref
from functools import lru_cache
from pathlib import Path

from schemas.errors import RunError
from validators.excel.execution.run import run

CPU_SECONDS = 5  # for one comparison
MEMORY_BYTES = 2 << 30  # of address space
WALL_SECONDS = 300  # for one comparison, however busy the machine is

_ROOT = str(Path(__file__).resolve().parents[3])
_PROGRAM = f"import sys; sys.path.insert(0, {_ROOT!r}); from {__name__} import serve; serve"
_READY = "ready"


def run_guarded(left: str, right: str, sheets: int, seed: int) -> tuple[bool | None, str]:
    """What `run` answers, from the other process; None as well where that had to be ended.

    Raises:
        RunError: the process does not start.
    """
    child = _child(os.getpid())
    with child.lock:
        answer = child.ask(json.dumps([left, right, sheets, seed]))
    if answer is None:
        limits = f"{CPU_SECONDS} s of processor time, {MEMORY_BYTES >> 20} MiB"
        return None, f"the engine passed a limit ({limits}) or broke down"
    equal, detail = json.loads(answer)
    return equal, detail


def serve(cpu_seconds: int, memory_bytes: int) -> None:
    """Answer requests from standard input until it ends: what the other process does."""
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_AS, memory_bytes)
    print(_READY, flush=True)
    for line in sys.stdin:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        _limit(resource.RLIMIT_CPU, int(usage.ru_utime + usage.ru_stime) + 1 + cpu_seconds)
        print(json.dumps(run(*json.loads(line))), flush=True)


class Child:
    """The other process, which ends with this one; if it ends before, another takes its place."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._start()

    def ask(self, request: str) -> str | None:
        """The answer to a request of one line; None if the process ended over it."""
        if self._process.poll() is not None:
            self._start()
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(f"{request}\n")
            self._process.stdin.flush()
            answer = _read_line(self._process)
        except BrokenPipeError:
            answer = None
        if answer is None:
            self._end()
        return answer

    def _start(self) -> None:
        command = [sys.executable, "-P", "-c", f"{_PROGRAM}({CPU_SECONDS}, {MEMORY_BYTES})"]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # where a broken engine leaves its traces
            text=True,
            encoding="utf-8",
        )
        self._end = weakref.finalize(self, _end, self._process, os.getpid())
        if _read_line(self._process) != _READY:
            raise RunError(
                f"the process that executes Excel formulas does not start; to see why, run: {shlex.join(command)}"
            )


def _read_line(process: subprocess.Popen[str]) -> str | None:
    """The next line that the process writes; None if it has ended or takes too long."""
    assert process.stdout is not None
    readable, _, _ = select.select([process.stdout], [], [], WALL_SECONDS)
    return (process.stdout.readline().rstrip("\n") if readable else "") or None


def _end(process: subprocess.Popen[str], owner: int) -> None:
    if os.getpid() == owner:  # and not a fork of it
        process.kill()
        process.communicate()


def _limit(kind: int, value: int) -> None:
    """Lower a limit of this process; one that is lower already stays."""
    _, hard = resource.getrlimit(kind)
    resource.setrlimit(kind, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))


@lru_cache(1)
def _child(pid: int) -> Child:
    """The process that serves process ``pid``: a fork gets one of its own."""
    return Child()
