"""What a Python program may do in the sandbox, how its output is compared, and that nothing it does gets out."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from validators.python import sandbox
from validators.python.sandbox import Limits, Status, program_match, run_tests

LIMITS = Limits(cpu_seconds=1, wall_seconds=60.0, memory_bytes=128 * 2**20, output_bytes=100_000)
SHORT = Limits(cpu_seconds=1, wall_seconds=0.5)


def result(code: str, stdin: str = "5\n", expected: str = "10\n", limits: Limits = LIMITS) -> sandbox.TestResult:
    """How one test of a program ended."""
    (only,) = run_tests(code, [(stdin, expected)], limits=limits).results
    return only


@pytest.mark.parametrize(
    "code",
    [
        "print(int(input()) * 2)",
        "import sys\nprint(*(int(line) * 2 for line in sys.stdin))\nassert sys.stdin.read() == ''",
        "print(int(open(0).read()) * 2)",
        "import math, re, json, random, datetime, decimal, itertools, collections, threading, unittest\nprint(10)",
        "from dataclasses import dataclass\n@dataclass\nclass A:\n    x: int = 10\nprint(A().x)",
        "import pickle\nclass A:\n    x = 10\nprint(pickle.loads(pickle.dumps(A())).x)",
        "if __name__ == '__main__':\n    print(10)",
        "print(10)\nexit()",
        "print(10)\nraise SystemExit",
        "import sys\nprint(10)\nsys.exit(0)",
        "import atexit\natexit.register(print, 10)",
        "import io, sys\nreal, sys.stdout = sys.stdout, io.StringIO()\nprint(10)\nreal.write(sys.stdout.getvalue())",
        "try:\n    [0] * 10**9\nexcept MemoryError:\n    print(10)",
        "import sys\nprint('noise', file=sys.stderr)\nprint(10)",
    ],
)
def test_ordinary_programs_pass(code: str) -> None:
    assert result(code) == sandbox.TestResult(Status.PASSED)


@pytest.mark.parametrize(
    ("code", "status", "detail"),
    [
        ("print(11)", Status.WRONG_OUTPUT, "line 1: '11' instead of '10'"),
        ("print(10)\nprint(10)", Status.WRONG_OUTPUT, "line 2: '10' instead of nothing"),
        ("pass", Status.WRONG_OUTPUT, "line 1: '' instead of '10'"),
        ("import io, sys\nsys.stdout = io.StringIO()\nprint(10)", Status.WRONG_OUTPUT, "line 1: '' instead of '10'"),
        ("while True:\n    print('a' * 1000)", Status.WRONG_OUTPUT, "more than 100000 bytes of output"),
        ("x = 1\nprint(x / 0)", Status.ERROR, "line 2: ZeroDivisionError: division by zero"),
        ("input()\ninput()", Status.ERROR, "line 2: EOFError: EOF when reading a line"),
        ("def f():\n    return f()\nf()", Status.ERROR, "line 2: RecursionError: maximum recursion depth exceeded"),
        ("class E(Exception):\n    def __str__(self):\n        while True: pass\nraise E", Status.ERROR, "line 4: E"),
        ("print(", Status.ERROR, "not run: '(' was never closed"),
        ("import sys\nprint(10)\nsys.exit(3)", Status.ERROR, "exit code 3"),
        ("print(10)\nexit('no')", Status.ERROR, "exit code 1"),
        ("import os\nprint(10, flush=True)\nos._exit(4)", Status.ERROR, "exit code 4"),
        ("import os\nos.abort()", Status.ERROR, "ended by signal 6"),
        ("import pytest", Status.ERROR, "line 1: ModuleNotFoundError: No module named 'pytest'"),
        ("while True:\n    pass", Status.TIMEOUT, "more than 1 s of processor time"),
        ("x = []\nwhile True:\n    x.append('a' * 10**6)", Status.MEMORY, f"more than {128 * 2**20} bytes"),
        ("x = [0] * 10**9", Status.MEMORY, f"more than {128 * 2**20} bytes"),
    ],
)
def test_how_a_program_failed_is_told(code: str, status: Status, detail: str) -> None:
    assert result(code) == sandbox.TestResult(status, detail)


@pytest.mark.parametrize(
    "code",
    [
        "import time\ntime.sleep(60)",
        "import os, time\nos.closerange(0, 100)\ntime.sleep(60)",
        "import signal, time\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 64))\ntime.sleep(60)",
    ],
)
def test_no_program_outlasts_the_wall_time(code: str) -> None:
    assert result(code, limits=SHORT) == sandbox.TestResult(Status.TIMEOUT, "not done after 0.5 s")


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("open('x', 'w')", "opening 'x' for writing"),
        ("open('x', 'r+')", "opening 'x' for writing"),
        ("import pathlib\npathlib.Path('x').write_text('a')", "opening 'x' for writing"),
        ("import os\nos.open('x', os.O_RDWR | os.O_CREAT)", "opening 'x' for writing"),
        ("import os\nos.mkdir('x')", "os.mkdir"),
        ("import os\nos.mkfifo('x')", "posix.mkfifo"),
        ("import os\nos.remove('x')", "os.remove"),
        ("import shutil\nshutil.rmtree('.')", "shutil.rmtree"),
        ("import socket\nsocket.create_connection(('127.0.0.1', 9))", "socket.getaddrinfo"),
        ("import socket\nsocket.socket()", "socket.__new__"),
        ("import os\nwhile True:\n    os.fork()", "os.fork"),
        ("import posix\nposix.fork()", "os.fork"),
        ("import os\nos.system('true')", "os.system"),
        ("import os\nos.execv('/bin/true', ['true'])", "os.exec"),
        ("import os\nos.posix_spawn('/bin/true', ['true'], {})", "os.posix_spawn"),
        ("import subprocess\nsubprocess.run(['true'])", "import of _posixsubprocess"),
        ("import os, signal\nos.kill(os.getppid(), signal.SIGKILL)", "os.kill"),
        ("import os, signal\nos.killpg(0, signal.SIGKILL)", "os.killpg"),
        ("import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()", None),
        ("import ctypes", "import of _ctypes"),
        ("import resource\nresource.setrlimit(resource.RLIMIT_CPU, (99, 99))", "resource.setrlimit"),
        ("import sys\nsys.addaudithook(print)", "sys.addaudithook"),
        ("try:\n    open('x', 'w')\nexcept BaseException:\n    pass\nprint(10)", "opening 'x' for writing"),
    ],
)
def test_what_reaches_beyond_the_process_is_refused_and_ends_it(code: str, what: str | None) -> None:
    ended = result(code)
    assert ended.status is Status.REFUSED
    assert ended.detail == what or (what is None and ended.detail.startswith("_thread.start_"))


def test_the_kernel_lets_no_file_grow_whatever_the_hook_says() -> None:
    # The input is a file that the process holds open for reading and writing.
    code = "import os\ntry:\n    os.write(0, b'a')\nexcept OSError as error:\n    print(error.errno)"
    assert result(code, expected="27").status is Status.PASSED  # EFBIG


def test_a_program_sees_neither_environment_nor_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "a")
    code = "import os, sys\nprint(dict(os.environ), os.listdir(), sys.argv[1:])"
    assert result(code, expected="{} [] []").status is Status.PASSED


def test_a_program_that_ignores_the_limit_on_processor_time_is_killed() -> None:
    code = "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True:\n    pass"
    assert result(code) == sandbox.TestResult(Status.ERROR, "ended by signal 9")


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    descriptors = len(os.listdir("/dev/fd"))
    programs = [
        "while True:\n    print(10)",
        "import time\ntime.sleep(60)",
        "import threading",
        *["open('x', 'w')"] * 17,
    ]
    for code in programs:
        run_tests(code, [("", "10")], limits=SHORT)
    assert list(tmp_path.iterdir()) == []
    assert len(os.listdir("/dev/fd")) < descriptors + len(programs), "each run leaves one open"


@pytest.mark.parametrize(
    ("printed", "expected", "equal"),
    [
        ("a\nb\n", "a\nb", True),
        ("a  \nb\t\n\n", "a\nb\n", True),
        ("a\r\nb", "a\nb", True),
        ("", "\n", True),
        ("é", "é", True),
        (" a", "a", False),
        ("a\n\nb", "a\nb", False),
        ("a b", "a  b", False),
        ("A", "a", False),
        ("1.0", "1", False),
    ],
)
def test_outputs_are_equal_but_for_white_space_at_ends(printed: str, expected: str, equal: bool) -> None:
    assert program_match(f"print({printed!r}, end='')", [("", expected)], limits=LIMITS).equal == equal


def test_each_test_has_a_fresh_process_and_the_first_failure_is_the_last() -> None:
    code = "seen = globals().setdefault('seen', [])\nseen.append(input())\nprint(seen)"
    tests = [("1", "['1']"), ("2", "['2']"), ("3", "['1', '2', '3']"), ("4", "['4']")]
    outcome = run_tests(code, tests, limits=LIMITS)
    assert [each.status for each in outcome.results] == [Status.PASSED, Status.PASSED, Status.WRONG_OUTPUT]
    assert outcome.total == 4
    assert not outcome.passed
    assert run_tests(code, tests[:2], limits=LIMITS).passed


def test_a_comparison_says_which_test_failed_and_why() -> None:
    tests = [("1", "1"), ("2", "4")]
    assert program_match("print(int(input()) ** 2)", tests, limits=LIMITS).detail == "2 passed"
    failed = program_match("print(input())", tests, limits=LIMITS)
    assert (failed.equal, failed.method) == (False, "tests")
    assert failed.detail == "test 2 of 2: wrong output: line 1: '2' instead of '4'"


def test_a_program_without_tests_matches_nothing() -> None:
    assert not program_match("print(1)", []).equal


def test_the_order_of_a_set_is_the_same_in_every_run() -> None:
    code = "print(*{str(n) for n in range(50)})"
    first, second = (result(code, expected="").detail for _ in range(2))
    assert first == second


def test_the_harness_says_what_runs_the_programs() -> None:
    assert sandbox.harness().startswith(f"{sandbox.HARNESS} (CPython 3.")
