"""One request: what is sent, and the key under which its answer is kept."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from generators.base import Usage
from generators.gpt4o.cost import BYTES_A_TOKEN, input_tokens
from generators.gpt4o.prompts import Task, draw_task, write_prompt
from schemas.config import Gpt4oOptions
from schemas.ids import fingerprint


@dataclass(frozen=True, slots=True)
class Request:
    """The body of a chat completion."""

    key: str  # SHA-256, in hex, of the server's address and the body
    body: Mapping[str, Any]
    task: Task
    ceiling: Usage  # what it can take, as it will be sent

    @property
    def tokens(self) -> int:
        """In and out, at most."""
        return self.ceiling.input_tokens + self.ceiling.output_tokens


def build_request(language: str, code: str, seed: int, rng: random.Random, options: Gpt4oOptions) -> Request:
    """The request of a row.

    Args:
        language: of the snippet.
        code: of the snippet.
        seed: of the row; it goes into the request, so that no two rows share one.
        rng: the row's own, for the task.
        options: of the run.
    """
    task = draw_task(language, options, rng)
    messages = write_prompt(language, options, task, code)
    body = {
        "model": options.model,
        "messages": messages,
        "temperature": options.temperature,
        "max_completion_tokens": options.max_completion_tokens,
        "seed": seed % 2**31,
    }
    ceiling = Usage(input_tokens(messages), options.max_completion_tokens, batched=options.transport == "batch")
    return Request(fingerprint([options.base_url, body]), body, task, ceiling)


def likely_output_tokens(request: Request) -> int:
    """Tokens of an answer as long as the prompt's own examples, and of the snippet once more."""
    *_, snippet = messages = request.body["messages"]
    replies = [len(m["content"].encode()) for m in messages if m["role"] == "assistant"]
    size = sum(replies) / len(replies) + len(snippet["content"].encode())
    return min(math.ceil(size / BYTES_A_TOKEN), request.ceiling.output_tokens)
