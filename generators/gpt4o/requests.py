"""One request: what is sent, and the key under which its answer is kept."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from generators.base import Usage
from generators.gpt4o.cost import BYTES_A_TOKEN, input_tokens
from generators.gpt4o.prompts import Message
from schemas.config import Gpt4oOptions
from schemas.ids import fingerprint


@dataclass(frozen=True, slots=True)
class Request:
    """The body of a chat completion."""

    key: str  # SHA-256, in hex, of the server's address and the body
    body: Mapping[str, Any]
    ceiling: Usage  # what it can take, as it will be sent

    @property
    def tokens(self) -> int:
        """In and out, at most."""
        return self.ceiling.input_tokens + self.ceiling.output_tokens


def build_request(
    messages: Sequence[Message], seed: int, options: Gpt4oOptions, *, snippets: int = 1, **sampling: Any
) -> Request:
    """The request for one answer.

    Args:
        messages: the prompt.
        seed: goes into the request, so that no two rows, or samples of a problem, share one.
        options: of the run.
        snippets: how many of the last messages hold code that is not ours; see `input_tokens`.
        sampling: parameters of the service, over those that the options give.
    """
    body = {
        "model": options.model,
        "messages": list(messages),
        "temperature": options.temperature,
        "max_completion_tokens": options.max_completion_tokens,
        "seed": seed % 2**31,
        **sampling,
    }
    tokens_in, batched = input_tokens(messages, snippets), options.transport == "batch"
    ceiling = Usage(tokens_in, options.max_completion_tokens, batched=batched)
    return Request(fingerprint([options.base_url, body]), body, ceiling)


def likely_output_tokens(request: Request) -> int:
    """Tokens of an answer as long as the prompt's own examples, and of the snippet once more."""
    *_, snippet = messages = request.body["messages"]
    replies = [len(m["content"].encode()) for m in messages if m["role"] == "assistant"]
    size = sum(replies) / len(replies) + len(snippet["content"].encode())
    return min(math.ceil(size / BYTES_A_TOKEN), request.ceiling.output_tokens)
