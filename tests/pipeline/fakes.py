"""A small run without a model: a deterministic generator of Excel formulas, a storage that can be broken."""

from __future__ import annotations

import errno
import os
import random
import signal
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from generators.base import Candidate
from pipeline.files.storage import Storage
from pipeline.run.driver import run
from pipeline.run.executors.local import LocalExecutor
from pipeline.run.identity import run_identity
from schemas.config import RunConfig
from schemas.ids import derive_seed
from schemas.manifest import Identity, Manifest, Receipt
from schemas.reasons import Reason

T = TypeVar("T")
STEPS = 20
ERRORS = (
    OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
    OSError(errno.EIO, os.strerror(errno.EIO)),
    RuntimeError("from a driver of an object store\nin two lines"),
)


class FakeGenerator:
    """Broken and fixed formulas as a model might give them: most are pairs, some are not, some come twice."""

    name = "diffusion"

    def __init__(self) -> None:
        self.calls = 0

    def generate(self, shard_seed: int, rows: int) -> Iterator[Candidate]:
        self.calls += 1
        for row in range(rows):
            seed = derive_seed(shard_seed, row)
            source = random.Random(seed)
            n = source.randrange(8)
            outer, inner = source.choices(["SUM", "MAX", "MIN", "AVERAGE", "COUNT", "PRODUCT", "MEDIAN"], k=2)
            fixed = f"={outer}({inner}(A1:B{n + 1}),C2)"
            broken = source.choice([fixed.replace(")", "", 1), fixed.replace("(", "((", 1), fixed, fixed + "+"])
            failure = Reason.UNDECODABLE if source.random() < 0.1 else None
            yield Candidate(
                row=row,
                seed=seed,
                broken="" if failure else broken,
                fixed="" if failure else fixed,
                recipe="fake",
                trajectory_id=f"{shard_seed}-{row}",
                timestep=source.randrange(1, STEPS + 1),
                num_steps=STEPS,
                failure=failure,
            )


class ScriptedGenerator:
    """The same given texts for every shard; a reason stands for a row that gave none."""

    name = "diffusion"

    def __init__(self, script: Sequence[tuple[str, str] | Reason]) -> None:
        self.script = script

    def generate(self, shard_seed: int, rows: int) -> Iterator[Candidate]:
        for row, entry in enumerate(self.script[:rows]):
            broken, fixed = ("", "") if isinstance(entry, Reason) else entry
            failure = entry if isinstance(entry, Reason) else None
            yield Candidate(row=row, seed=row, broken=broken, fixed=fixed, recipe="scripted", failure=failure)


class RecordingReport:
    """Keeps what a run says."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.shards: list[tuple[int, int, int]] = []

    def shard_done(self, receipt: Receipt, prefix_pairs: int, target: int) -> None:
        self.shards.append((receipt.shard, prefix_pairs, target))

    def message(self, text: str) -> None:
        self.messages.append(text)


class WatchedStorage(Storage):
    """Counts and remembers every access; ``before`` and ``after`` are called with its number."""

    def __init__(
        self, uri: str, before: Callable[[int], None] | None = None, after: Callable[[int], None] | None = None
    ) -> None:
        super().__init__(uri)
        self.accesses: list[tuple[str, str]] = []
        self._before = before or (lambda number: None)
        self._after = after or (lambda number: None)

    def access(self, verb: str, path: str, action: Callable[[], T]) -> T:
        self.accesses.append((verb, path))
        number = len(self.accesses)
        self._before(number)
        try:
            return super().access(verb, path, action)
        finally:
            self._after(number)

    @property
    def changes(self) -> list[tuple[str, str]]:
        """The accesses that change something."""
        return [(verb, path) for verb, path in self.accesses if verb in ("write", "delete")]


def make_config(out: Path | str, **settings: Any) -> RunConfig:
    """A run of three shards with several files and every split; ``publish__keep_rejected=False`` sets in a section."""
    values: dict[str, Any] = {
        "language": "excel", "pairs": 40, "shard_rows": 24, "out": str(out),
        "publish": {"validation_share": 0.3, "test_share": 0.3, "rows_per_file": 12, "keep_rejected": True},
    }  # fmt: skip
    for key, value in settings.items():
        section, _, name = key.rpartition("__")
        (values.setdefault(section, {}) if section else values)[name] = value
    return RunConfig.model_validate(values)


def make_identity(config: RunConfig) -> Identity:
    return run_identity(config, {"model": "0" * 64})


def run_fake(
    config: RunConfig, storage: Storage | None = None, generator: Any = None, report: RecordingReport | None = None
) -> Manifest:
    """The driver with a fake generator, in this process."""
    storage = storage or Storage(config.out)
    identity = make_identity(config)
    executor = LocalExecutor(lambda: generator or FakeGenerator(), config, identity.fingerprint, storage)
    return run(config, storage=storage, identity=identity, executor=executor, report=report or RecordingReport())


def published(out: Path) -> dict[str, bytes]:
    """Every file of OUT outside .work, by its path."""
    files = (path for path in sorted(out.rglob("*")) if path.is_file())
    return {str(p.relative_to(out)): p.read_bytes() for p in files if p.relative_to(out).parts[0] != ".work"}


def kill() -> None:
    """End this process as nothing can prevent."""
    os.kill(os.getpid(), signal.SIGKILL)


def raising(error: Exception) -> Callable[[], None]:
    """A fault that is an exception."""

    def fault() -> None:
        raise error

    return fault


def at(number: int, fault: Callable[[], object]) -> Callable[[int], None]:
    """The fault, at one access of a `WatchedStorage`."""

    def strike(access: int) -> None:
        if access == number:
            fault()

    return strike


def in_child(work: Callable[[], object]) -> int:
    """Run in a forked process; the signal that ended it, 0 if none did. What it raises is printed."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(0)
    return os.WTERMSIG(os.waitpid(child, 0)[1])


def assert_rerun_publishes(out: Path, expected: dict[str, bytes], context: object) -> None:
    """The same command, run again, ends with these files and leaves nothing half written."""
    run_fake(make_config(out))
    assert published(out) == expected, context
    assert not list(out.rglob("*.tmp")), context
