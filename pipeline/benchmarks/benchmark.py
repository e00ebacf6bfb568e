"""What a benchmark is: problems, their truths and tests."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.config import LanguageName


@dataclass(frozen=True, slots=True)
class ProgramTest:
    """What a Python program shall print for an input."""

    stdin: str
    stdout: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One row of a benchmark."""

    id: str  # place in the file, from 0
    broken: str
    fixed: str | None = None  # the ground truth, where the benchmark has one
    tests: tuple[ProgramTest, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """Problems and where they are from; name and hash stand in every result."""

    name: str
    sha256: str  # of the file, or of the files of a folder in order, in hex
    language: LanguageName
    problems: tuple[Problem, ...]
