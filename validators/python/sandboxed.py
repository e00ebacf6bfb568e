"""What runs in the process of `validators.python.sandbox`: limits, an audit hook, then the program.

Started as a script, never imported, with five numbers: the file descriptors of the program and of the report, seconds
of processor time, bytes of memory, open files. Why a program ended is written to the report as ``kind: detail``, unless
it ended by itself. What the hook refuses ends the process at once, so that no handler of the program sees it.
"""

from __future__ import annotations

import builtins
import os
import resource
import sys
import types
from typing import Any, Final

FILENAME: Final = "<program>"
_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# Families of events in Python's audit table, and those in them that change nothing outside the process.
_REFUSED_FAMILIES: Final = frozenset(
    ("ctypes", "fcntl", "os", "resource", "shutil", "socket", "sqlite3", "subprocess", "syslog", "webbrowser", "winreg")
)
_HARMLESS: Final = frozenset(
    (
        *("os.chdir", "os.fwalk", "os.getxattr", "os.listdir", "os.listxattr", "os.putenv", "os.scandir"),
        *("os.unsetenv", "os.walk"),
    )
)
_REFUSED: Final = frozenset(("signal.pthread_kill", "sys.addaudithook"))
# Modules that get around the hook.
_REFUSED_MODULES: Final = frozenset(
    (
        *("_ctypes", "_dbm", "_gdbm", "_posixshmem", "_posixsubprocess"),
        *("_interpreters", "_testcapi", "_testinternalcapi", "_xxsubinterpreters"),
    )
)
# Functions that raise no event, or only in later versions, and reach beyond the process, or count as one where
# the kernel's limit on processes holds.
_REPLACED: Final = {
    "posix": ("chroot", "memfd_create", "mkfifo", "mknod", "pidfd_open", "setns", "setpgid", "setsid", "unshare"),
    "_thread": ("start_joinable_thread", "start_new", "start_new_thread"),
}


def main() -> None:
    program, report, cpu_seconds, memory_bytes, open_files = map(int, sys.argv[1:])
    with open(program, encoding="utf-8") as file:
        code = file.read()
    os.environ.clear()
    sys.argv = [FILENAME]
    set_limits(cpu_seconds, memory_bytes, open_files)
    provide_exit()
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    install_hook(report)
    try:
        exec(compile(code, FILENAME, "exec", dont_inherit=True), module.__dict__)
    except SystemExit:
        raise
    except MemoryError:
        os.write(report, b"memory: ")
        os._exit(1)
    except BaseException as error:
        os.write(report, f"error: {describe(error)}".encode(errors="replace")[:1000])
        os._exit(1)


def set_limits(cpu_seconds: int, memory_bytes: int, open_files: int) -> None:
    """The kernel's limits. One that a system doesn't have or has set lower is left as it is."""
    for name, limit, grace in (
        ("RLIMIT_CPU", cpu_seconds, 1),  # at the first limit a signal that tells why, at the second the end
        ("RLIMIT_AS", memory_bytes, 0),
        ("RLIMIT_FSIZE", 0, 0),
        ("RLIMIT_NOFILE", open_files, 0),
        ("RLIMIT_NPROC", 0, 0),
        ("RLIMIT_CORE", 0, 0),
    ):
        if hasattr(resource, name):
            try:
                resource.setrlimit(getattr(resource, name), (limit, limit + grace))
            except (OSError, ValueError):
                continue


def provide_exit() -> None:
    """``exit`` and ``quit``, which programs use and which come with `site`, that is not loaded."""
    import _sitebuiltins

    for name in ("exit", "quit"):
        setattr(builtins, name, _sitebuiltins.Quitter(name, "end of file"))


def install_hook(report: int) -> None:
    """Refuse to write files, to reach the network, other processes and other threads."""
    write, leave = os.write, os._exit

    def refuse(what: str) -> None:
        try:
            write(report, f"refused: {what}".encode(errors="replace")[:1000])
        finally:
            leave(1)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if isinstance(flags, int) and flags & _WRITING and not isinstance(path, int):
                refuse(f"opening {path!r} for writing")
        elif event == "import":
            if arguments[0] in _REFUSED_MODULES:
                refuse(f"import of {arguments[0]}")
        elif event in _REFUSED or (event.partition(".")[0] in _REFUSED_FAMILIES and event not in _HARMLESS):
            refuse(event)

    for module, names in _REPLACED.items():
        for name in names:
            for place in (sys.modules[module], os):
                if hasattr(place, name):
                    setattr(place, name, lambda *_, what=f"{module}.{name}", **__: refuse(what))
    sys.addaudithook(hook)


def describe(error: BaseException) -> str:
    """The error with the line of the program where it came from."""
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == FILENAME:
            line = trace.tb_lineno
        trace = trace.tb_next
    place = "" if line is None else f"line {line}: "
    name = type(error).__name__
    # Only exceptions of Python's own are asked what they say: others are code of the program.
    return f"{place}{name}: {error}" if type(error).__module__ == "builtins" else f"{place}{name}"


if __name__ == "__main__":
    main()
