"""A request depends on its row alone, and its key on all that the server is sent."""

from __future__ import annotations

from typing import Any

import pytest

from generators.base import Snippet
from generators.gpt4o.generator import Gpt4oGenerator
from generators.gpt4o.requests import likely_output_tokens
from schemas.errors import RequestError
from tests.generators.gpt4o.memory import make_options, make_requests

ONE = [Snippet("=SUM(A1:A2)", "s")]


def test_a_row_asks_the_same_whatever_else_is_asked() -> None:
    options = make_options()
    generator = Gpt4oGenerator("excel", ONE, options, {})
    several = generator.requests(3, [0, 1, 2, 3])
    assert [r.body for r in generator.requests(3, [2])] == [several[2].body]
    assert generator.requests(3, [2])[0].key == several[2].key
    assert generator.requests(4, [2])[0].key != several[2].key


def test_rows_with_one_snippet_and_one_task_are_different_requests() -> None:
    requests = Gpt4oGenerator("excel", ONE, make_options(prompt="free"), {}).requests(3, range(50))
    assert len({r.key for r in requests}) == 50
    assert len({r.body["messages"][-1]["content"] for r in requests}) == 1


@pytest.mark.parametrize(
    "change",
    [{"url": "http://127.0.0.1:10/v1"}, {"model": "m"}, {"prompt": "free"}, {"syntactic_only": False},
     {"temperature": 0.5}, {"max_completion_tokens": 7}],
)  # fmt: skip
def test_what_can_change_an_answer_changes_the_key(change: dict[str, Any]) -> None:
    assert make_requests(make_options(), 1)[0].key != make_requests(make_options(**change), 1)[0].key


@pytest.mark.parametrize(
    "change",
    [{"transport": "batch"}, {"budget": 99.0}, {"input_price": 1.0}, {"concurrency": 3}, {"timeout": 9.0},
     {"retries": 1}, {"tokens_per_minute": 5}],
)  # fmt: skip
def test_what_cannot_change_an_answer_leaves_the_key(change: dict[str, Any]) -> None:
    assert make_requests(make_options(), 1)[0].key == make_requests(make_options(**change), 1)[0].key


def test_the_body_is_a_chat_completion() -> None:
    options = make_options()
    body = make_requests(options, 1)[0].body
    assert body.keys() == {"model", "messages", "temperature", "max_completion_tokens", "seed"}
    assert (body["model"], body["temperature"]) == (options.model, 1.0)
    assert [m["role"] for m in body["messages"]] == ["system", *["user", "assistant"] * 3, "user"]
    assert 0 <= body["seed"] < 2**31


def test_without_transport_a_row_that_has_no_answer_cannot_be_replayed() -> None:
    generator = Gpt4oGenerator("excel", ONE, make_options(), {})
    with pytest.raises(RequestError, match="no answer"):
        next(iter(generator.candidates(1, [0])))


def test_a_likely_answer_is_longer_than_the_snippet_and_within_the_limit() -> None:
    short = Gpt4oGenerator("excel", ONE, make_options(), {}).requests(1, [0])[0]
    long = Gpt4oGenerator("excel", [Snippet("=" + "+".join(["A1"] * 300), "s")], make_options(), {}).requests(1, [0])[0]
    assert 50 < likely_output_tokens(short) < likely_output_tokens(long) <= make_options().max_completion_tokens
    cut = make_requests(make_options(max_completion_tokens=9), 1)[0]
    assert likely_output_tokens(cut) == 9
