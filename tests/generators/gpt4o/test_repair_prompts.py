"""The repair prompts: what they show is true, the nearest error is shown, and what is answered can be read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generators.base import Usage
from generators.gpt4o import repair_prompts
from generators.gpt4o.answers import Answer
from generators.gpt4o.prompts import in_fence
from generators.gpt4o.repair_bank import BANK, Repair
from generators.gpt4o.repair_prompts import SHOTS, PromptKind, RepairPrompt
from generators.gpt4o.requests import build_request
from schemas.reasons import Reason
from tests.generators.gpt4o.memory import make_options
from validators import LANGUAGES, get_language
from validators.diff import token_diff

CASES = [(language, repair) for language in LANGUAGES for repair in BANK[language]]
KINDS: tuple[PromptKind, ...] = ("ring", "gpt4o")
BROKEN = {"excel": "=MAX(Z1:Z4", "powershell": "if ($a) { $b", "python": "call(1, 2\n"}


def reply(text: str | None, finish_reason: str = "stop", refusal: str | None = None) -> Answer:
    return Answer(text=text, finish_reason=finish_reason, refusal=refusal, usage=Usage(1, 1))


def shown(messages: list[dict[str, str]]) -> list[str]:
    """The answers that a prompt shows."""
    return [message["content"] for message in messages if message["role"] == "assistant"]


@pytest.mark.parametrize(("language", "repair"), CASES)
def test_the_bank_is_what_the_parsers_say_and_edits_little(language: str, repair: Repair) -> None:
    own = get_language(language)
    assert not own.check(repair.broken).accepted
    assert own.check(repair.fixed).accepted
    assert 1 <= token_diff(own, repair.broken, repair.fixed).distance <= 5


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_bank_has_errors_of_several_kinds_and_none_twice(language: str) -> None:
    check = get_language(language).check
    assert len({check(repair.broken).kind for repair in BANK[language]}) >= 4
    assert len({check(repair.broken).kind for repair in BANK[language][:SHOTS]}) == SHOTS
    assert len({repair.broken for repair in BANK[language]}) == len(BANK[language])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_prompt_is_an_instruction_examples_and_the_snippet(language: str, kind: PromptKind) -> None:
    messages = RepairPrompt(kind, language).messages(BROKEN[language])
    assert [message["role"] for message in messages] == ["system", *["user", "assistant"] * SHOTS, "user"]
    assert "\n" not in messages[0]["content"] and "as few tokens as possible" in messages[0]["content"]
    assert ("at most four" in messages[0]["content"]) == (language == "python")
    for message in messages[1::2]:
        first, *_, last = message["content"].splitlines()
        assert first.startswith("### Buggy ") and last == first.replace("Buggy", "Fixed")
    assert BROKEN[language].rstrip("\n") in messages[-1]["content"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_ring_alone_is_told_what_the_parser_says_and_where(language: str) -> None:
    verdict = get_language(language).check(BROKEN[language])
    told = f"### Error\nline {verdict.line}, column {verdict.column}: {verdict.message}\n\n### Fixed"
    ring = RepairPrompt("ring", language).messages(BROKEN[language])
    assert told in ring[-1]["content"]
    assert all("### Error" in message["content"] for message in ring[1::2])
    assert "Error" not in "".join(m["content"] for m in RepairPrompt("gpt4o", language).messages(BROKEN[language]))


def test_a_snippet_without_error_is_asked_for_without_one() -> None:
    assert "### Error" not in RepairPrompt("ring", "excel").messages("=SUM(A1:A2)")[-1]["content"]


def test_ring_shows_the_most_similar_error_last() -> None:
    def nearest(code: str) -> str:
        return shown(RepairPrompt("ring", "python").messages(code))[-1]

    assert nearest("x = (1, 2\n").startswith("```python\nprint(max(")  # '(' was never closed
    assert nearest("x = 1, 2]\n").startswith("```python\nsize = len(")  # unmatched ']'
    assert nearest("if x:\ny = 1\n").startswith("```python\nwhile queue:")  # expected an indented block
    assert nearest("def f()\n    pass\n").startswith("```python\ndef area")  # expected ':'


def test_without_feedback_the_same_examples_are_shown_to_all() -> None:
    prompt = RepairPrompt("gpt4o", "python")
    assert prompt.messages("x = (1, 2\n")[:-1] == prompt.messages("if x:\ny = 1\n")[:-1]


@pytest.mark.parametrize("kind", KINDS)
def test_a_users_bank_is_shown_but_never_the_answer_to_the_question_itself(kind: PromptKind) -> None:
    bank = [Repair(f"=SUM(B{i}:B9", f"=SUM(B{i}:B9)") for i in range(1, 6)]
    prompt = RepairPrompt(kind, "excel", bank)
    for repair in bank:
        answers = shown(prompt.messages(repair.broken))
        assert len(answers) == SHOTS
        assert set(answers) < {in_fence("excel", other.fixed) for other in bank if other is not repair}
    assert shown(RepairPrompt(kind, "excel", bank[:1]).messages(bank[0].broken)) == []


@pytest.mark.parametrize(("language", "repair"), CASES)
def test_the_form_that_is_shown_is_the_form_that_is_read(language: str, repair: Repair) -> None:
    prompt = RepairPrompt("ring", language, [repair])
    (answer,) = shown(prompt.messages(BROKEN[language]))
    assert prompt.read(reply(answer), repair.broken) == repair.fixed


@pytest.mark.parametrize(
    "text",
    [
        "```python\nx = [1]\n```",
        "```python\nx = [1]\n\n```",
        "```\nx = [1]\n```\nI closed the bracket, which stood open.",
        "### Buggy Python\n```python\nx = [1\n```\n### Fixed Python\n````python\nx = [1]\n````",
        "x = [1]",
        "\nx = [1]\n\n",
        "### Fixed Python\nx = [1]",
        "### Buggy Python\nx = [1\n### Fixed Python\n\nx = [1]\n",
        "**Fixed Python:**\r\nx = [1]",
    ],
)
def test_the_fix_is_read_from_a_fence_or_below_the_header(text: str) -> None:
    prompt = RepairPrompt("gpt4o", "python")
    assert prompt.read(reply(text), "x = [1") == "x = [1]"
    assert prompt.read(reply(text), "x = [1\r\n") == "x = [1]\r\n"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (reply(None, refusal="no"), Reason.REFUSED),
        (reply("", finish_reason="content_filter"), Reason.REFUSED),
        (reply("x = [1", finish_reason="length"), Reason.MALFORMED),
        (reply(None), Reason.MALFORMED),
        (reply(" \n"), Reason.MALFORMED),
        (reply("### Fixed Python\n"), Reason.MALFORMED),
        (reply("```python\nx = [1"), Reason.MALFORMED),
    ],
)
def test_what_holds_no_fix_has_its_reason(answer: Answer, reason: Reason) -> None:
    assert RepairPrompt("gpt4o", "python").read(answer, "x = [1") is reason


@given(code=st.text(st.sampled_from("`#ab \n\t"), max_size=40))
def test_a_snippet_with_fences_and_headers_of_its_own_comes_back_whole(code: str) -> None:
    assert RepairPrompt("gpt4o", "python").read(reply(in_fence("python", code)), code) == code


@given(st.text(st.sampled_from("`#Fixed Python:*\n\r"), max_size=60), st.sampled_from(["stop", "length", "tool_calls"]))
def test_any_answer_gives_text_or_a_reason(text: str, finish_reason: str) -> None:
    outcome = RepairPrompt("ring", "python").read(reply(text, finish_reason), "x")
    assert isinstance(outcome, Reason) or outcome.strip() or "```" in text


@given(st.text(max_size=30))
def test_any_snippet_can_be_asked_about(code: str) -> None:
    messages = RepairPrompt("ring", "excel").messages(code)
    assert messages[-1]["content"].endswith("### Fixed Excel")


def test_prompts_that_differ_have_hashes_that_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    hashes = {RepairPrompt(kind, language).hash for kind in KINDS for language in LANGUAGES}
    assert len(hashes) == len(KINDS) * len(LANGUAGES)
    before = RepairPrompt("ring", "excel").hash
    first, *rest = BANK["excel"]
    assert RepairPrompt("ring", "excel").hash == before
    assert RepairPrompt("ring", "excel", rest).hash != before
    assert RepairPrompt("ring", "excel", [Repair(first.broken, "=1"), *rest]).hash != before
    changes: dict[str, Any] = {
        "_INSTRUCTION": "Mend {language}{limit}.", "SHOTS": 2, "_error": lambda verdict: "broken",
        "in_fence": lambda language, code: code,
    }  # fmt: skip
    for name, value in changes.items():
        with monkeypatch.context() as patch:
            patch.setattr(repair_prompts, name, value)
            assert RepairPrompt("ring", "excel").hash != before, name


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_request_is_taken_to_cost_a_token_a_byte_of_all_code(language: str) -> None:
    messages = RepairPrompt("ring", language).messages(BROKEN[language])
    request = build_request(messages, 1, make_options(), snippets=len(messages) - 1, temperature=0.7, logprobs=True)
    assert request.ceiling.input_tokens > sum(len(message["content"].encode()) for message in messages[1:])
    assert (request.body["temperature"], request.body["logprobs"]) == (0.7, True)
