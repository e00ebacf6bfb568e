"""From an answer to broken code, or to the reason why there is none."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generators.base import Usage
from generators.gpt4o.answers import Answer, read_answer
from generators.gpt4o.reply import broken_code
from schemas.reasons import Reason

CEILING = Usage(900, 90, batched=True)


def reply(text: str | None, finish_reason: str = "stop", refusal: str | None = None) -> Answer:
    return Answer(text=text, finish_reason=finish_reason, refusal=refusal, usage=Usage(1, 1))


def test_the_last_fence_is_the_broken_code() -> None:
    text = "1. Explanation\n```python\nx = 1\n```\n3. Broken code\n```python\nx = = 1\n    y\n```\n"
    assert broken_code(reply(text), "x = 1") == "x = = 1\n    y"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (reply(None, refusal="no"), Reason.REFUSED),
        (reply("```\nx\n```", refusal="no"), Reason.REFUSED),
        (reply("", finish_reason="content_filter"), Reason.REFUSED),
        (reply("```\nx\n```", finish_reason="length"), Reason.MALFORMED),
        (reply(None), Reason.MALFORMED),
        (reply(""), Reason.MALFORMED),
        (reply("x = = 1"), Reason.MALFORMED),
        (reply("```python\nx = = 1"), Reason.MALFORMED),
        (reply("```\nx\n```\nand\n```\ncut"), Reason.MALFORMED),
    ],
)
def test_what_does_not_follow_the_form_has_its_reason(answer: Answer, reason: Reason) -> None:
    assert broken_code(answer, "x = 1") is reason


def test_unchanged_and_empty_code_are_left_to_the_filters() -> None:
    assert broken_code(reply("```\nx = 1\n```"), "x = 1") == "x = 1"
    assert broken_code(reply("```\n```"), "x = 1") == ""


@pytest.mark.parametrize(
    ("fixed", "broken"),
    [("a\nb\n", "a\nc\n"), ("a\nb", "a\nc"), ("a\r\nb\r\n", "a\r\nc\r\n"), ("a\nb\n\n", "a\nc\n\n")],
)
def test_line_ends_are_those_of_the_snippet(fixed: str, broken: str) -> None:
    assert broken_code(reply("```\na\nc\n```"), fixed) == broken
    assert broken_code(reply("```\r\na\r\nc\r\n```"), fixed) == broken


@given(st.text(st.sampled_from("`~ab \n\r\t"), max_size=80), st.sampled_from(["stop", "length", "tool_calls"]))
def test_any_answer_gives_text_or_a_reason(text: str, finish_reason: str) -> None:
    outcome = broken_code(reply(text, finish_reason), "x")
    assert isinstance(outcome, str) or outcome is Reason.MALFORMED


def test_a_completion_is_read_with_what_it_took() -> None:
    body = {
        "model": "snapshot", "system_fingerprint": "fp", "usage": {"prompt_tokens": 7, "completion_tokens": 3},
        "choices": [{"message": {"content": "text"}, "finish_reason": "stop"}],
    }  # fmt: skip
    answer = read_answer(body, ceiling=CEILING)
    assert (answer.text, answer.finish_reason) == ("text", "stop")
    assert (answer.model, answer.system_fingerprint) == ("snapshot", "fp")
    assert answer.usage == Usage(7, 3, batched=True)


def test_log_probabilities_are_read_as_their_mean_over_the_tokens() -> None:
    tokens = [{"token": "a", "logprob": -0.5}, {"token": "b", "logprob": -1.5}, {"token": "c", "logprob": -1}]
    body = {"choices": [{"message": {"content": "abc"}, "finish_reason": "stop", "logprobs": {"content": tokens}}]}
    assert read_answer(body, ceiling=CEILING).mean_logprob == -1.0


@pytest.mark.parametrize(
    "logprobs",
    [None, {}, [], "text", {"content": None}, {"content": []}, {"content": [None]}, {"content": [{}]},
     {"content": [{"logprob": None}]}, {"content": [{"logprob": "high"}]}, {"content": [{"logprob": -math.inf}]},
     {"content": [{"logprob": math.nan}]}, {"content": [{"logprob": 10**400}]}],
)  # fmt: skip
def test_log_probabilities_that_make_no_sense_cost_no_answer(logprobs: object) -> None:
    body = {"choices": [{"message": {"content": "text"}, "finish_reason": "stop", "logprobs": logprobs}]}
    answer = read_answer(body, ceiling=CEILING)
    assert answer.text == "text" and answer.mean_logprob is None


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": 7}, {"prompt_tokens": -7, "completion_tokens": 1}])
def test_a_server_that_does_not_count_is_taken_to_have_used_all(usage: object) -> None:
    body = {"choices": [{"message": {"content": "text"}, "finish_reason": "stop"}], "usage": usage}
    assert read_answer(body, ceiling=CEILING).usage == CEILING


@pytest.mark.parametrize(
    "body",
    [None, [], "text", {}, {"choices": []}, {"choices": [None]}, {"choices": [{}]}, {"choices": [{"message": None}]},
     {"choices": [{"message": {"content": 1}}]}, {"error": {"message": "no"}}, {"choices": {"0": 1}}],
)  # fmt: skip
def test_what_is_no_completion_is_an_error(body: object) -> None:
    with pytest.raises(ValueError, match="no chat completion"):
        read_answer(body, ceiling=CEILING)
