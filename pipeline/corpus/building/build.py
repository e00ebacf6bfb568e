"""The `corpus` command: from folders of source files to a corpus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.benchmarks.overlap import benchmark_texts
from pipeline.corpus.building.discover import KINDS, find_files, read_bytes
from pipeline.corpus.building.excerpts import Length, SkippedFileError
from pipeline.corpus.building.sieve import Sieve
from pipeline.corpus.building.writer import CorpusRow, prepare_output, write_rows
from schemas.errors import RequestError
from validators import get_language

Progress = Callable[[int, int], None]  # is told what is done, and of how much


@dataclass(kw_only=True)
class KindFigures:
    """What one kind of file gave."""

    read: int = 0  # files
    skipped: Counter[str] = field(default_factory=Counter)  # files, by reason
    found: int = 0  # snippets
    kept: int = 0


@dataclass(kw_only=True)
class BuildReport:
    """What became of every file and every snippet."""

    language: str
    out: str
    sha256: str = ""  # of the file that was written
    kinds: dict[str, KindFigures]
    left_out: Counter[str] = field(default_factory=Counter)  # snippets, by reason
    scrubbed: Counter[str] = field(default_factory=Counter)  # snippets with a secret replaced, by its kind
    skipped_files: list[dict[str, str]] = field(default_factory=list)

    @property
    def found(self) -> int:
        """Snippets in all files."""
        return sum(figures.found for figures in self.kinds.values())

    @property
    def kept(self) -> int:
        """Snippets that were written; with those left out, all that were found."""
        return sum(figures.kept for figures in self.kinds.values())

    def to_dict(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "language": self.language,
            "out": self.out,
            "sha256": self.sha256,
            "files": {
                name: {"read": f.read, "skipped": dict(f.skipped.most_common()), "found": f.found, "kept": f.kept}
                for name, f in self.kinds.items()
            },
            "snippets": {
                "found": self.found,
                "kept": self.kept,
                "left_out": dict(self.left_out.most_common()),
                "scrubbed": dict(self.scrubbed.most_common()),
            },
            "skipped_files": self.skipped_files,
        }


def build_corpus(
    *, language: str, paths: Sequence[str], out: str, length: Length | None = None, per_sketch: int = 1,
    benchmarks: Sequence[str] = (), progress: Progress | None = None,
) -> BuildReport:  # fmt: skip
    """Write the snippets in files and folders to ``out``: whole or not at all, the same input giving the same bytes.

    Args:
        language: of the snippets.
        paths: files and folders, of which the language's kinds of file are read.
        out: a .jsonl, .jsonl.gz or .parquet file; local path or fsspec URI.
        length: that a snippet may have.
        per_sketch: snippets of one sketch that are kept of a file.
        benchmarks: files of {"Buggy", "GroundTruth"} whose texts are left out.
        progress: told before every file.

    Raises:
        RequestError: a path is not there, there is nothing to read in them, nothing is kept, or ``out`` will not do.
    """
    prepare_output(out)
    sieve = Sieve(get_language(language), length or Length(), per_sketch, benchmark_texts(tuple(benchmarks)))
    report = BuildReport(language=language, out=out, kinds={kind.name: KindFigures() for kind in KINDS[language]})

    def skip(name: str, error: SkippedFileError) -> None:
        report.skipped_files.append({"file": name, "reason": error.reason.value, "detail": error.detail})

    rows: list[CorpusRow] = []
    files = find_files(language, paths, skip)
    for number, file in enumerate(files):
        if progress:
            progress(number, len(files))
        figures = report.kinds[file.kind.name]
        try:
            excerpts = list(file.kind.read(read_bytes(file), sieve.length))
        except SkippedFileError as error:
            figures.skipped[error.reason.value] += 1
            skip(file.name, error)
            continue
        kept = [CorpusRow(code=e.code, source=file.name, line=e.line) for e in sieve.sift(excerpts)]
        figures.read += 1
        figures.found += len(excerpts)
        figures.kept += len(kept)
        rows += kept
    report.left_out.update({reason.value: n for reason, n in sieve.left_out.items()})
    report.scrubbed = sieve.scrubbed
    if not rows:
        raise RequestError(f"nothing was kept of {_sum(report)}; {_why(report)}")
    report.sha256 = write_rows(out, rows)
    return report


def _sum(report: BuildReport) -> str:
    files = sum(figures.read + sum(figures.skipped.values()) for figures in report.kinds.values())
    return f"{report.found:,} snippets in {_files(files)}"


def _files(n: int) -> str:
    return f"{n:,} {'file' if n == 1 else 'files'}"


def _why(report: BuildReport) -> str:
    """The most frequent reasons, in one line."""
    snippets = [f"{n:,} {reason}" for reason, n in report.left_out.most_common(3)]
    files = Counter(entry["reason"] for entry in report.skipped_files)
    skipped = [f"{_files(n)} skipped: {reason}" for reason, n in files.most_common(3)]
    return ", ".join(snippets + skipped) or "the files hold none"
