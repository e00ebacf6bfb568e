"""What the two transports share: the client's settings, and what an error means."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

import openai

from generators.gpt4o.access import KEY, check_address, find_key
from schemas.config import Gpt4oOptions
from schemas.errors import ReportedError, RequestError, RunError

HOPELESS = 20  # requests, at least, of which all have failed for good: the run ends
LONGEST_WAIT = 600.0  # seconds; a server that asks for more ends the run, which can be resumed
ERRORS = (openai.OpenAIError, TimeoutError, ValueError, RecursionError)  # the last two: a body that cannot be read

_CONNECT = 10.0  # seconds to reach a server
_DECLINED = {"content_filter", "content_policy_violation", "invalid_prompt"}
_NO_MONEY = {"insufficient_quota", "billing_hard_limit_reached"}
_CERTAINLY_UNPAID = {409, 425, 429, 500, 503}  # of those worth another try; a gateway's errors may hide an answer


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestOutcome:
    """What an error means for the request that met it."""

    what: str  # one line
    again: bool = False  # worth another try
    fatal: ReportedError | None = None  # for the whole run
    declined: bool = False  # the service refuses this very request
    may_be_paid: bool = False
    wait: float | None = None  # seconds that the server asks for


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Exponential, with full jitter."""

    base: float = 1.0  # seconds
    longest: float = 60.0
    rng: random.Random = field(default_factory=random.Random)  # of delays alone: no row depends on it

    def delay(self, tries: int) -> float:
        """Seconds to wait after so many tries."""
        return self.rng.uniform(0, min(self.longest, self.base * 2 ** min(tries, 30)))


class Service:
    """One server, as the options and the environment say.

    Raises:
        RequestError: no key where one is needed, or an address that would carry a secret into files.
    """

    def __init__(self, options: Gpt4oOptions) -> None:
        self._options = options
        check_address(options)
        self._key = find_key(options)
        self.reached = False  # whether the server has answered anything in this process

    @property
    def client_settings(self) -> dict[str, Any]:
        """For the constructors of the client; retries are ours, so that they are counted, logged and paid for."""
        options = self._options
        return {
            "api_key": self._key or "none", "base_url": options.base_url, "max_retries": 0,
            "timeout": openai.Timeout(options.timeout, connect=min(_CONNECT, options.timeout / 2)),
        }  # fmt: skip

    def diagnose(self, error: Exception) -> RequestOutcome:
        """What an error of the client means."""
        options = self._options
        if isinstance(error, openai.APIStatusError):
            self.reached = True
            body = error.body if isinstance(error.body, Mapping) else {}
            message = str(body.get("message") or error.response.reason_phrase or "no reason given")
            trouble = self.classify(error.status_code, str(error.code or error.type or ""), message)
            return _with_wait(trouble, _retry_after(error.response.headers))
        cause = error.__cause__
        if type(cause).__name__ in ("ConnectError", "ConnectTimeout"):  # of either library that the client can use
            what = self.line(f"no connection to {options.base_url}: {cause or 'timeout'}")
            nowhere = RequestError(f"{what}; start the server, or correct gpt4o.base_url")
            return RequestOutcome(what=what, again=True, fatal=None if self.reached else nowhere)
        if isinstance(error, openai.APITimeoutError | TimeoutError):
            return RequestOutcome(what=f"no answer in {options.timeout:g} s", again=True, may_be_paid=True)
        if isinstance(error, openai.APIConnectionError):
            return RequestOutcome(what=self.line(f"connection lost: {cause or error}"), again=True, may_be_paid=True)
        self.reached = True
        return RequestOutcome(what=self.line(f"an answer that cannot be read: {error}"), again=True, may_be_paid=True)

    def classify(self, status: int, code: str, message: str) -> RequestOutcome:
        """What a status other than success means, by itself or in a line of a batch."""
        options = self._options
        what = self.line(f"status {status}: {message}")
        if code in _DECLINED:
            return RequestOutcome(what=what, declined=True)
        if status == 401:  # the server's message may show the key
            wrong = RequestError(f"{options.base_url} refuses the key: set {KEY} to one that is valid there")
            return RequestOutcome(what="status 401", fatal=wrong)
        if status == 403:
            wrong = RequestError(f"{options.base_url} forbids {options.model} to this key: use another model or {KEY}")
            return RequestOutcome(what="status 403", fatal=wrong)
        if status == 402 or code in _NO_MONEY:
            empty = RunError(f"the account at {options.base_url} is empty ({what}); fill it, the same command goes on")
            return RequestOutcome(what=what, fatal=empty)
        if status == 404 or code == "model_not_found":
            unknown = RequestError(
                f"{options.base_url} knows no model {options.model} ({what}): correct gpt4o.model or gpt4o.base_url"
            )
            return RequestOutcome(what=what, fatal=unknown)
        if status in (408, 409, 425, 429) or status >= 500 or status < 100:
            return RequestOutcome(what=what, again=True, may_be_paid=status not in _CERTAINLY_UNPAID)
        return RequestOutcome(what=what)

    def line(self, text: str) -> str:
        """A text from elsewhere as one line that is not too long and does not show the key."""
        text = " ".join(text.split())
        if self._key:
            text = text.replace(self._key, f"${KEY}")
        return text if len(text) <= 300 else f"{text[:297]}..."


def _with_wait(trouble: RequestOutcome, wait: float | None) -> RequestOutcome:
    if wait is None or not trouble.again:
        return trouble
    fatal = None
    if wait > LONGEST_WAIT:
        fatal = RunError(f"the server asks to wait {wait:,.0f} s ({trouble.what}); then the same command goes on")
    return RequestOutcome(what=trouble.what, again=True, fatal=fatal, may_be_paid=trouble.may_be_paid, wait=wait)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a server asks to wait, given as such or as a date (RFC 9110, 10.2.3)."""
    text = headers.get("retry-after")
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(text).timestamp() - time.time()
        except ValueError:
            return None
    return max(0.0, seconds) if seconds < float("inf") else None
