"""The files in which a batch brings its results: a line a request, in any order."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from generators.base import Usage
from generators.gpt4o.answers import Answer, read_answer
from generators.gpt4o.service import RequestOutcome, Service

_KEY = re.compile("[0-9a-f]{64}")


@dataclass(kw_only=True)
class Results:
    """What came of requests, by key."""

    answers: dict[str, Answer] = field(default_factory=dict)
    troubles: dict[str, RequestOutcome] = field(default_factory=dict)
    damaged: int = 0  # lines that are neither


def read_results(data: bytes, service: Service, ceiling: Usage) -> Results:
    """The results in a file, of answers and of errors alike; of several for one request the first counts."""
    results = Results()
    for line in data.split(b"\n"):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
            key = value["custom_id"]
            outcome = _read_line(value, service, ceiling)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            results.damaged += 1
            continue
        if not isinstance(key, str) or not _KEY.fullmatch(key):
            results.damaged += 1
        elif isinstance(outcome, Answer):
            results.answers.setdefault(key, outcome)
        else:
            results.troubles.setdefault(key, outcome)
    return results


def _read_line(value: Any, service: Service, ceiling: Usage) -> Answer | RequestOutcome:
    response = value.get("response") or {}
    body = response.get("body") or {}
    status = int(response.get("status_code") or 0)
    if status == 200:
        return read_answer(body, ceiling=ceiling)
    error = value.get("error") or body.get("error") or {}
    trouble = service.classify(status, str(error.get("code") or ""), str(error.get("message") or "no reason given"))
    if trouble.declined:
        usage = Usage(0, 0, batched=ceiling.batched)
        return Answer(finish_reason="content_filter", refusal=trouble.what, usage=usage)
    return trouble
