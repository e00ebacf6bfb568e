"""What a server answered, and the account that a run keeps with it; the generator itself knows no files."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from generators.base import Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A chat completion, as far as it matters here."""

    text: str | None = None
    finish_reason: str | None = None
    refusal: str | None = None
    model: str | None = None  # the snapshot that answered
    system_fingerprint: str | None = None
    usage: Usage
    mean_logprob: float | None = None  # of its tokens, in nats, where it was asked for and the server gives it


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A batch that was, or was about to be, submitted."""

    tag: str  # in the batch's metadata, by which it is found again
    requests: int
    dollars: float  # that it costs at most
    input_tokens: int  # of its largest request, at most
    batch: str | None = None  # the server's name for it, once known


class Answers(Protocol):
    """The answers of a run, by the key of their request."""

    def __contains__(self, key: str, /) -> bool: ...

    def get(self, key: str, /) -> Answer | None:
        """The answer, if there is one."""
        ...


class Account(Answers, Protocol):
    """Also what was paid, and what is under way; every change has survived a kill when its method returns."""

    def put(self, key: str, answer: Answer, /) -> None:
        """Keep an answer that was paid for."""
        ...

    def paid(self) -> Iterable[Usage]:
        """What each answer that is kept took."""
        ...

    def risked(self) -> float:
        """Dollars that earlier attempts at this run may have paid for answers that never came."""
        ...

    def risk(self, dollars: float, /) -> None:
        """Keep the same figure for this attempt, before it takes the risk."""
        ...

    def submissions(self) -> list[Submission]:
        """The batches that are not settled."""
        ...

    def submit(self, submission: Submission, /) -> None:
        """Keep a batch, or what is newly known of it."""
        ...

    def settle(self, submission: Submission, /) -> None:
        """Forget a batch: all its answers are kept."""
        ...


def read_answer(body: Any, *, ceiling: Usage) -> Answer:
    """The answer in the body of a chat completion.

    Args:
        body: as JSON gives it.
        ceiling: what the request can have taken, for servers that don't say what it took; and how it was sent.

    Raises:
        ValueError: it is no chat completion.
    """
    try:
        choice = body["choices"][0]
        message = choice["message"]
        texts = [message.get("content"), choice.get("finish_reason"), message.get("refusal")]
        texts += [body.get("model"), body.get("system_fingerprint")]
        counted: Mapping[str, Any] = body.get("usage") or {}
        tokens_in, tokens_out = counted.get("prompt_tokens"), counted.get("completion_tokens")
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise ValueError("the server's answer is no chat completion") from error
    if not all(text is None or isinstance(text, str) for text in texts):
        raise ValueError("the server's answer is no chat completion")
    content, finish_reason, refusal, model, fingerprint = texts
    usage = ceiling
    if isinstance(tokens_in, int) and isinstance(tokens_out, int) and min(tokens_in, tokens_out) >= 0:
        usage = Usage(tokens_in, tokens_out, batched=ceiling.batched)
    return Answer(
        text=content, finish_reason=finish_reason, refusal=refusal or None, model=model,
        system_fingerprint=fingerprint, usage=usage, mean_logprob=_mean_logprob(choice.get("logprobs")),
    )  # fmt: skip


def _mean_logprob(logprobs: Any) -> float | None:
    """The mean over an answer's tokens; None where the server gave none, or in a form that is not known."""
    try:
        scores = [float(token["logprob"]) for token in logprobs["content"]]
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    mean = sum(scores) / len(scores) if scores else math.nan
    return mean if math.isfinite(mean) else None
