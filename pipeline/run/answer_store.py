"""The account of a run with a paid service, in OUT/.work: answers, payments, batches under way.

An answer is one file, whose name says what it took: a listing tells which requests are answered and what was paid.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable
from dataclasses import asdict

from generators.base import Usage
from generators.gpt4o.answers import Answer, Submission
from pipeline.files.storage import Storage
from schemas.errors import RunError

ANSWERS, PAYMENTS, BATCHES = ".work/answers", ".work/payments", ".work/batches"

_NAME = re.compile(r"([0-9a-f]{64})\.(\d+)\.(\d+)\.(live|batch)\.json")


class AnswerStore:
    """A `generators.gpt4o.answers.Account` in a storage; what is there is listed once, when it is made.

    Raises:
        StorageError: OUT cannot be read.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._paths: dict[str, str] = {}
        self._usages: list[Usage] = []
        self._attempt = uuid.uuid4().hex
        for path in storage.list(ANSWERS):
            match = _NAME.fullmatch(path.rpartition("/")[2])
            if match:
                key, tokens_in, tokens_out, way = match.groups()
                self._paths.setdefault(key, path)
                self._usages.append(Usage(int(tokens_in), int(tokens_out), batched=way == "batch"))

    def __contains__(self, key: str) -> bool:
        return key in self._paths

    def get(self, key: str) -> Answer | None:
        """The answer, if there is one.

        Raises:
            RunError: its file is damaged.
        """
        path = self._paths.get(key)
        if path is None:
            return None
        try:
            values = json.loads(self._storage.read(path))
            return Answer(**values | {"usage": Usage(**values["usage"])})
        except (ValueError, KeyError, TypeError) as error:
            raise self._damaged(path, "to pay for it again") from error

    def put(self, key: str, answer: Answer) -> None:
        """Keep an answer that was paid for. May be called from several threads."""
        usage = answer.usage
        way = "batch" if usage.batched else "live"
        path = f"{ANSWERS}/{key}.{usage.input_tokens}.{usage.output_tokens}.{way}.json"
        self._storage.write(path, json.dumps(asdict(answer)).encode())
        self._paths.setdefault(key, path)

    def paid(self) -> Iterable[Usage]:
        """What each answer that was there took."""
        return self._usages

    def risked(self) -> float:
        """Dollars that earlier attempts may have paid for answers that never came."""
        dollars = 0.0
        for path in self._storage.list(PAYMENTS):
            try:
                dollars += float(json.loads(self._storage.read(path))["dollars"])
            except (ValueError, KeyError, TypeError) as error:
                raise self._damaged(path, "if nothing was paid in vain") from error
        return dollars

    def risk(self, dollars: float) -> None:
        """Keep the same figure for this attempt, before it takes the risk."""
        self._storage.write(f"{PAYMENTS}/{self._attempt}.json", json.dumps({"dollars": dollars}).encode())

    def submissions(self) -> list[Submission]:
        """The batches that are not settled."""
        found = []
        for path in self._storage.list(BATCHES):
            try:
                found.append(Submission(**json.loads(self._storage.read(path))))
            except (ValueError, TypeError) as error:
                raise self._damaged(path, "if no batch with this tag in its metadata is at the server") from error
        return found

    def submit(self, submission: Submission) -> None:
        """Keep a batch, or what is newly known of it."""
        self._storage.write(_batch_path(submission), json.dumps(asdict(submission)).encode())

    def settle(self, submission: Submission) -> None:
        """Forget a batch: all its answers are kept."""
        self._storage.delete(_batch_path(submission))

    def _damaged(self, path: str, when: str) -> RunError:
        return RunError(f"{self._storage.uri}/{path} is damaged; delete it {when}")


def _batch_path(submission: Submission) -> str:
    return f"{BATCHES}/{submission.tag}.json"
