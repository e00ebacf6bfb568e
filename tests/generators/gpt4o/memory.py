"""What the tests of the transports share: an account without files, requests, and a server's client in one call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from generators.base import Snippet, Usage
from generators.gpt4o.answers import Answer, Submission
from generators.gpt4o.cost import Budget
from generators.gpt4o.generator import Gpt4oGenerator
from generators.gpt4o.requests import Request
from generators.gpt4o.transport import Transport, open_transport
from schemas.config import Gpt4oOptions

SNIPPETS = [Snippet(f"=SUM(A{n}:B{n + 3})*ROUND(C{n},2)", f"s{n}") for n in range(1, 60)]
FAST = {"requests_per_minute": 10**9, "tokens_per_minute": 10**9, "poll_seconds": 0.002, "timeout": 20.0}


class MemoryAccount:
    """An account that a test can look into."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.earlier: list[Usage] = []  # of answers that are none of this test's
        self.losses = 0.0  # of earlier attempts
        self.risks: list[float] = []  # of the attempt under way, or the last one
        self.batches: dict[str, Submission] = {}
        self.puts: list[str] = []

    def __contains__(self, key: str) -> bool:
        return key in self.answers

    def get(self, key: str) -> Answer | None:
        return self.answers.get(key)

    def put(self, key: str, answer: Answer) -> None:
        self.puts.append(key)
        self.answers[key] = answer

    def paid(self) -> list[Usage]:
        return [*self.earlier, *(answer.usage for answer in self.answers.values())]

    def risked(self) -> float:
        self.losses += self.risks[-1] if self.risks else 0.0
        self.risks = []
        return self.losses

    def risk(self, dollars: float) -> None:
        self.risks.append(dollars)

    def submissions(self) -> list[Submission]:
        return list(self.batches.values())

    def submit(self, submission: Submission) -> None:
        self.batches[submission.tag] = submission

    def settle(self, submission: Submission) -> None:
        del self.batches[submission.tag]


def make_options(url: str = "http://127.0.0.1:9/v1", **given: Any) -> Gpt4oOptions:
    return Gpt4oOptions(base_url=url, **{**FAST, **given})


def make_requests(options: Gpt4oOptions, rows: int, shard_seed: int = 1) -> list[Request]:
    answers: Mapping[str, Answer] = {}
    return Gpt4oGenerator("excel", SNIPPETS, options, answers).requests(shard_seed, range(rows))


@contextmanager
def client(
    options: Gpt4oOptions, account: MemoryAccount, messages: list[str] | None = None
) -> Iterator[tuple[Transport, Budget]]:
    say = (messages if messages is not None else []).append
    with open_transport(options, account, say, base_delay=0.001) as opened:
        yield opened
