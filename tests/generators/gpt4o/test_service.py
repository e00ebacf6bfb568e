"""What errors mean, and that the key goes nowhere but to the server."""

from __future__ import annotations

import random
import time
from email.utils import formatdate
from typing import Any

import pytest

from generators.gpt4o.access import KEY
from generators.gpt4o.service import LONGEST_WAIT, Backoff, Service, _retry_after
from schemas.errors import RequestError, RunError
from tests.generators.gpt4o.memory import make_options

SECRET = "sk-secret-0123456789"


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    monkeypatch.setenv(KEY, SECRET)
    return Service(make_options())


@pytest.mark.parametrize("status", [0, 408, 409, 429, 500, 502, 503, 504, 529])
def test_what_may_pass_is_tried_again(status: int, service: Service) -> None:
    trouble = service.classify(status, "", "try again")
    assert trouble.again and trouble.fatal is None
    assert trouble.may_be_paid == (status in (0, 408, 502, 504, 529))


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [(401, "", RequestError), (403, "", RequestError), (404, "", RequestError), (400, "model_not_found", RequestError),
     (402, "", RunError), (429, "insufficient_quota", RunError), (429, "billing_hard_limit_reached", RunError)],
)  # fmt: skip
def test_what_no_retry_helps_ends_the_run(status: int, code: str, kind: type[Exception], service: Service) -> None:
    trouble = service.classify(status, code, "no")
    assert isinstance(trouble.fatal, kind) and not trouble.again and not trouble.may_be_paid
    assert "\n" not in str(trouble.fatal)


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_request_that_the_server_cannot_take_fails_alone(status: int, service: Service) -> None:
    trouble = service.classify(status, "context_length_exceeded", "too long")
    assert not trouble.again and trouble.fatal is None and not trouble.declined


def test_a_filter_of_the_service_declines(service: Service) -> None:
    assert service.classify(400, "content_filter", "flagged").declined


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
def test_no_message_shows_the_key(status: int, service: Service) -> None:
    trouble = service.classify(status, "", f"bad key\n{SECRET} given")
    assert SECRET not in trouble.what + str(trouble.fatal)
    assert "\n" not in trouble.what


def test_messages_are_cut(service: Service) -> None:
    assert len(service.line("x" * 10_000)) == 300


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [("7", 7, 7), ("0.5", 0.5, 0.5), ("-3", 0, 0), ("+90", 80, 91), ("-90", 0, 0)],
)
def test_retry_after_is_seconds_or_a_date(text: str, low: float, high: float) -> None:
    if text.endswith("90"):
        text = formatdate(time.time() + int(text), usegmt=True)
    wait = _retry_after({"retry-after": text})
    assert wait is not None and low <= wait <= high


@pytest.mark.parametrize("headers", [{}, {"retry-after": "soon"}, {"retry-after": "nan"}, {"retry-after": "inf"}])
def test_a_retry_after_that_says_nothing_counts_as_none(headers: dict[str, str]) -> None:
    assert _retry_after(headers) is None


def test_backoff_grows_and_is_jittered_over_its_whole_length() -> None:
    backoff = Backoff(base=1.0, longest=60.0, rng=random.Random(0))
    for tries, most in [(0, 1), (1, 2), (3, 8), (10, 60), (10_000, 60)]:
        delays = [backoff.delay(tries) for _ in range(400)]
        assert max(delays) <= most and max(delays) > 0.9 * most and min(delays) < 0.1 * most


def test_openai_wants_a_key_and_other_servers_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY, raising=False)
    with pytest.raises(RequestError, match=KEY) as failure:
        Service(make_options("https://api.openai.com/v1"))
    assert "\n" not in str(failure.value)
    assert Service(make_options()).client_settings["api_key"] == "none"


@pytest.mark.parametrize(
    "url",
    [
        "http://user:word@127.0.0.1/v1",
        "http://127.0.0.1/v1?api-key=word",
        "http://127.0.0.1/v1#word",
        "word",
        "file:///word",
    ],
)
def test_an_address_that_could_carry_a_secret_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(RequestError) as failure:
        Service(make_options(url))
    assert "word" not in str(failure.value).replace("password", "")


def test_a_wait_of_hours_ends_the_run(service: Service) -> None:
    error: Any = _status_error(429, {"retry-after": str(2 * LONGEST_WAIT)})
    assert isinstance(service.diagnose(error).fatal, RunError)
    trouble = service.diagnose(_status_error(429, {"retry-after": "3"}))
    assert trouble.wait == 3.0 and trouble.again and trouble.fatal is None


def _status_error(status: int, headers: dict[str, str]) -> Exception:
    import openai

    class Response:
        request = None
        status_code = status
        reason_phrase = "reason"

    response: Any = Response()
    response.headers = headers
    return openai.APIStatusError("message", response=response, body={"message": "slow down"})
