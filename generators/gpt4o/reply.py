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
    text = reply_text(answer)
    if isinstance(text, Reason):
        return text
    found = fenced(text)
    return with_line_ends(found[-1], fixed) if found else Reason.MALFORMED


def reply_text(answer: Answer) -> str | Reason:
    """The whole text of an answer, with plain line ends; or why there is none, as `broken_code` has it."""
    if answer.refusal is not None or answer.finish_reason == "content_filter":
        return Reason.REFUSED
    if answer.text is None or answer.finish_reason == "length":
        return Reason.MALFORMED
    return answer.text.replace("\r\n", "\n")


def with_line_ends(code: str, original: str) -> str:
    """The code with the line ends of a snippet: of its kind, and as many after the last line."""
    if "\r\n" in original:
        code = code.replace("\n", "\r\n")
    return code + original[len(original.rstrip("\r\n")) :]


def fenced(text: str) -> list[str] | None:
    """The contents of all fences; None where one is left open."""
    contents: list[str] = []
    fence: str | None = None
    lines: list[str] = []
    for line in text.split("\n"):
        if fence is None:
            opening = _OPENING.fullmatch(line)
            if opening:
                fence, lines = opening[1], []
        elif line.strip(" \t").startswith(fence) and not line.strip(" \t`"):
            contents.append("\n".join(lines))
            fence = None
        else:
            lines.append(line)
    return contents if fence is None else None
