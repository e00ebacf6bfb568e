"""The folder of a round of BIFI's loop: what it was begun with, which stages are finished, the pairs they made."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from generators.bifi.rounds import Pair
from schemas.errors import RequestError
from schemas.files import write_whole

IDENTITY, STAGES = "identity.json", "stages.json"


class RoundFolder:
    """Every file in it is whole, or not there."""

    def __init__(self, path: Path) -> None:
        """Raises RequestError where what is there is damaged."""
        self.path = path
        self.stages: dict[str, Any] = self._read_json(STAGES) or {}  # figures of the finished ones, by name

    def begin(self, identity: Mapping[str, Any]) -> None:
        """Begin the round, or go on with it.

        Raises:
            RequestError: it was begun with something else, or nothing can be written here.
        """
        if not (self.path / IDENTITY).is_file():
            try:
                self.path.mkdir(parents=True, exist_ok=True)
                self._write_json(IDENTITY, identity)
            except OSError as error:
                raise RequestError(f"cannot write to {self.path} ({error.strerror}): choose another --out") from error
        self.require(identity)

    def require(self, identity: Mapping[str, Any]) -> None:
        """Raises RequestError where the round was begun with other values than these, naming them."""
        theirs = self._read_json(IDENTITY) or {}
        differ = sorted(key for key, value in identity.items() if theirs.get(key) != value)
        if differ:
            raise RequestError(
                f"{self.path} was begun with other inputs or settings ({', '.join(differ)} differ): "
                "give the same, or another --out"
            )

    def finish(self, stage: str, figures: Mapping[str, Any]) -> None:
        """Note a stage as finished."""
        self.stages[stage] = dict(figures)
        self._write_json(STAGES, self.stages)

    def write(self, stage: str, pairs: Iterable[Pair], figures: Mapping[str, Any]) -> None:
        """Keep the pairs of a stage, which is finished with that."""
        text = "".join(json.dumps(asdict(pair)) + "\n" for pair in pairs)
        self._replace(f"{stage}.jsonl.gz", gzip.compress(text.encode(), mtime=0))
        self.finish(stage, figures)

    def read(self, stage: str) -> Sequence[Pair]:
        """The pairs of a finished stage.

        Raises:
            RequestError: missing or damaged.
        """
        file = self.path / f"{stage}.jsonl.gz"
        try:
            return [Pair(**json.loads(line)) for line in gzip.decompress(file.read_bytes()).splitlines()]
        except (OSError, EOFError, ValueError, TypeError, zlib.error) as error:
            raise RequestError(f"{file} is missing or damaged ({error}): delete {self.path} to start anew") from error

    def _read_json(self, name: str) -> dict[str, Any] | None:
        file = self.path / name
        try:
            content = json.loads(file.read_text()) if file.is_file() else None
        except (OSError, ValueError) as error:
            raise RequestError(f"{file} is damaged ({error}): delete {self.path} to start anew") from error
        return content if isinstance(content, dict) else None

    def _write_json(self, name: str, content: Mapping[str, Any]) -> None:
        self._replace(name, (json.dumps(content, indent=1) + "\n").encode())

    def _replace(self, name: str, data: bytes) -> None:
        write_whole(self.path / name, data)
