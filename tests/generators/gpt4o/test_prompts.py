"""The prompts: what they show is true, what they ask for can be read back, and their hash covers every word."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generators.base import Usage
from generators.gpt4o import prompts
from generators.gpt4o.answers import Answer
from generators.gpt4o.examples import EXAMPLES, Example
from generators.gpt4o.prompts import KINDS, Task, draw_task, model_reply, prompt_hash, write_prompt
from generators.gpt4o.reply import broken_code
from schemas.config import Gpt4oOptions
from validators import LANGUAGES, get_language
from validators.diff import token_diff

CASES = [(language, example) for language in LANGUAGES for example in EXAMPLES[language]]
GUIDED, FREE = Gpt4oOptions(prompt="guided"), Gpt4oOptions(prompt="free")


@pytest.fixture(autouse=True)
def no_cached_preamble() -> Any:
    prompts._preamble.cache_clear()
    yield
    prompts._preamble.cache_clear()


@pytest.mark.parametrize(("language", "example"), CASES)
def test_the_examples_are_what_the_parsers_say(language: str, example: Example) -> None:
    check = get_language(language).check
    assert check(example.fixed).accepted
    assert not check(example.broken).accepted
    assert example.mistakes <= token_diff(get_language(language), example.broken, example.fixed).distance <= 4
    assert example.kind in KINDS[language]
    assert len(example.slips) >= max(2, example.mistakes)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_has_its_example(language: str) -> None:
    assert {example.kind for example in EXAMPLES[language]} == KINDS[language].keys()


@pytest.mark.parametrize(("language", "example"), CASES)
def test_the_form_that_is_shown_is_the_form_that_is_read(language: str, example: Example) -> None:
    answer = Answer(text=model_reply(language, example), finish_reason="stop", usage=Usage(1, 1))
    assert broken_code(answer, example.fixed) == example.broken


@given(code=st.text(st.sampled_from("`ab \n"), max_size=40))
def test_a_snippet_with_fences_of_its_own_stands_in_a_longer_one(code: str) -> None:
    question = write_prompt("python", FREE, Task(), code)[-1]["content"]
    answer = Answer(text=question, finish_reason="stop", usage=Usage(1, 1))
    assert broken_code(answer, code) == code


def test_the_guided_prompt_names_the_kind_and_the_free_one_does_not() -> None:
    guided = write_prompt("python", GUIDED, Task("indentation", 2), "x = 1")[-1]["content"]
    assert "Kind of mistake: indentation\nNumber of mistakes: 2\n" in guided
    free = "".join(message["content"] for message in write_prompt("python", FREE, Task(), "x = 1"))
    assert "indentation" not in free and "Kind of mistake" not in free


def test_the_switch_for_syntax_alone_is_said_in_words() -> None:
    strict = write_prompt("excel", GUIDED, Task("brackets", 1), "=A1")[0]["content"]
    loose = write_prompt("excel", Gpt4oOptions(syntactic_only=False), Task("brackets", 1), "=A1")[0]["content"]
    assert "must refuse" in strict and "semantic" not in strict
    assert "semantic" in loose and "must refuse" not in loose


def test_what_rows_share_comes_first_so_that_a_server_can_keep_it() -> None:
    first = write_prompt("python", GUIDED, Task("brackets", 1), "x = 1")
    second = write_prompt("python", GUIDED, Task("indentation", 3), "y = 2")
    assert first[:-1] == second[:-1] and first[-1] != second[-1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_driver_draws_every_kind_alike_and_mostly_one_mistake(language: str) -> None:
    rng = random.Random(5)
    tasks = [draw_task(language, GUIDED, rng) for _ in range(6_000)]
    kinds = Counter(task.kind for task in tasks)
    assert kinds.keys() == KINDS[language].keys()
    assert all(1_850 < n < 2_150 for n in kinds.values())  # four standard deviations around a third
    mistakes = Counter(task.mistakes for task in tasks)
    assert mistakes[1] > mistakes[2] > mistakes[3] > 0 and mistakes.keys() == {1, 2, 3}
    assert draw_task(language, FREE, rng) == Task()


def test_prompts_that_differ_have_hashes_that_differ() -> None:
    options = [Gpt4oOptions(prompt=p, syntactic_only=s) for p in ("free", "guided") for s in (True, False)]
    hashes = {prompt_hash(language, o) for language in LANGUAGES for o in options}
    assert len(hashes) == len(LANGUAGES) * len(options)
    assert prompt_hash("excel", Gpt4oOptions(temperature=0.1, budget=3.0)) == prompt_hash("excel", GUIDED)


@pytest.mark.parametrize("part", ["fixed", "explanation", "broken", "slips", "mistakes", "system", "kinds", "mix"])
def test_the_hash_changes_with_every_text(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = prompt_hash("python", GUIDED)
    first, *rest = EXAMPLES["python"]
    changes: dict[str, Any] = {"slips": ("other", "slips"), "mistakes": 2}
    if part == "system":
        monkeypatch.setattr(prompts, "_SYSTEM", prompts._SYSTEM + " Please.")
    elif part == "kinds":
        monkeypatch.setitem(KINDS, "python", KINDS["python"] | {"brackets": "of any sort"})
    elif part == "mix":
        monkeypatch.setattr(prompts, "_MISTAKES", (1, 2, 3))
    else:
        changed = replace(first, **{part: changes.get(part, "other")})
        monkeypatch.setitem(EXAMPLES, "python", (changed, *rest))
    prompts._preamble.cache_clear()
    assert prompt_hash("python", GUIDED) != before
