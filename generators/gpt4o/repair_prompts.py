"""The prompts of the RING and GPT-4o rows: few-shot repair, with and without what the parser says (paper, 4.2).

In the shape of RING (Joshi et al., 2023), in our words: one line of instruction, then "Buggy" and "Fixed" under their
headers. The model is told to edit little, as BIFI's rule and a user both want, and as no benchmark tells it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from generators.gpt4o.answers import Answer
from generators.gpt4o.prompts import Message, in_fence
from generators.gpt4o.repair_bank import BANK, Repair
from generators.gpt4o.reply import fenced, reply_text, with_line_ends
from schemas.ids import fingerprint
from schemas.reasons import Reason
from validators import get_language
from validators.base import Verdict

PromptKind = Literal["ring", "gpt4o"]

SHOTS = 3
TEMPERATURE = 0.7  # RING's

_LANGUAGES = {"excel": "Excel", "powershell": "PowerShell", "python": "Python"}
_LIMITS = {"python": ", at most four"}  # BIFI's rule, which Python alone is judged by
_INSTRUCTION = (
    "Fix the bugs in the {language} code. Change as few tokens as possible{limit}, keep all the rest as it is, line "
    "breaks and comments included, and answer with the whole fixed code in a fence and nothing else."
)


class RepairPrompt:
    """Writes the prompt for a broken snippet.

    Args:
        kind: ``ring`` tells what the parser says, and shows the repairs of the most similar errors, the nearest one
            last; ``gpt4o`` tells nothing, and shows the first of the bank.
        language: of the snippets.
        bank: repairs to show, whose broken sides the parser refuses; those of this project if not given.
    """

    def __init__(self, kind: PromptKind, language: str, bank: Sequence[Repair] | None = None) -> None:
        self._kind = kind
        self._language = language
        self._check = get_language(language).check
        repairs = BANK[language] if bank is None else bank
        self._bank = [(repair, self._check(repair.broken)) for repair in repairs]

    @property
    def hash(self) -> str:
        """SHA-256, in hex, over every text that a prompt can hold but the snippet and its error."""
        error = Verdict(False, None, "MESSAGE", 1, 1, 0)
        shown = [[repair.broken, repair.fixed] for repair, _ in self._bank]
        return fingerprint([self._kind, SHOTS, self._instruction(), self._question("CODE\n```", error), shown])

    def messages(self, code: str) -> list[Message]:
        """The prompt; a repair of the bank that is of this very snippet is not shown."""
        verdict = self._check(code)
        messages = [{"role": "system", "content": self._instruction()}]
        for repair, error in self._shots(code, verdict):
            messages.append({"role": "user", "content": self._question(repair.broken, error)})
            messages.append({"role": "assistant", "content": in_fence(self._language, repair.fixed)})
        messages.append({"role": "user", "content": self._question(code, verdict)})
        return messages

    def read(self, answer: Answer, broken: str) -> str | Reason:
        """The fixed code: the last fence, else all that stands below the header; with the line ends of the snippet.

        Returns:
            the code; or why there is none, as `broken_code` has it.
        """
        text = reply_text(answer)
        if isinstance(text, Reason):
            return text
        found = fenced(text)
        if found is None:
            return Reason.MALFORMED
        if found:
            return with_line_ends(found[-1].rstrip("\n"), broken)
        header = rf"^[#* ]*Fixed {_LANGUAGES[self._language]}[:* ]*$"
        code = re.split(header, text, flags=re.MULTILINE)[-1].strip("\n")
        return with_line_ends(code, broken) if code.strip() else Reason.MALFORMED

    def _shots(self, code: str, verdict: Verdict) -> list[tuple[Repair, Verdict]]:
        others = [shot for shot in self._bank if shot[0].broken != code]
        if self._kind == "gpt4o":
            return others[:SHOTS]

        def distance(shot: tuple[Repair, Verdict]) -> tuple[bool, float]:
            return shot[1].kind != verdict.kind, -_similarity(shot[1].message, verdict.message)

        return sorted(others, key=distance)[:SHOTS][::-1]

    def _instruction(self) -> str:
        limit = _LIMITS.get(self._language, "")
        return _INSTRUCTION.format(language=_LANGUAGES[self._language], limit=limit)

    def _question(self, code: str, verdict: Verdict) -> str:
        language = _LANGUAGES[self._language]
        error = f"### Error\n{_error(verdict)}\n\n" if self._kind == "ring" and not verdict.accepted else ""
        return f"### Buggy {language}\n{in_fence(self._language, code)}\n\n{error}### Fixed {language}"


def _error(verdict: Verdict) -> str:
    """What the parser says, on one line."""
    message = " ".join((verdict.message or str(verdict.kind)).split())
    return message if verdict.line is None else f"line {verdict.line}, column {verdict.column}: {message}"


def _similarity(left: str | None, right: str | None) -> float:
    """Of two messages: words that they share, of all their words (Jaccard)."""
    a, b = (set(re.findall(r"\w+|[^\w\s]", text or "")) for text in (left, right))
    return len(a & b) / max(1, len(a | b))
