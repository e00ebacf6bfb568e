"""From an answer to the broken code, or to the reason why there is none."""

from __future__ import annotations

import re

from generators.gpt4o.answers import Answer
from schemas.reasons import Reason

_OPENING = re.compile(r"[ \t]*(`{3,})[^`]*")


def broken_code(answer: Answer, fixed: str) -> str | Reason:
    """What stands in the last fence, with the line ends of the snippet; whether it is broken, the filters judge.

    Returns:
        the code; or `Reason.REFUSED` where the model or a filter of the service declined, `Reason.MALFORMED` where the
        answer was cut off or does not end in a whole fence.
    """
    if answer.refusal is not None or answer.finish_reason == "content_filter":
        return Reason.REFUSED
    if answer.text is None or answer.finish_reason == "length":
        return Reason.MALFORMED
    code = _last_fenced(answer.text.replace("\r\n", "\n"))
    if code is None:
        return Reason.MALFORMED
    if "\r\n" in fixed:
        code = code.replace("\n", "\r\n")
    return code + fixed[len(fixed.rstrip("\r\n")) :]


def _last_fenced(text: str) -> str | None:
    """The content of the last fence; None where there is none, or one is left open."""
    content: str | None = None
    fence: str | None = None
    lines: list[str] = []
    for line in text.split("\n"):
        if fence is None:
            opening = _OPENING.fullmatch(line)
            if opening:
                fence, lines = opening[1], []
        elif line.strip(" \t").startswith(fence) and not line.strip(" \t`"):
            content, fence = "\n".join(lines), None
        else:
            lines.append(line)
    return content if fence is None else None
