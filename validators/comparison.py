"""Whether two snippets do the same: what each language's execution match answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Method = Literal["text", "execution", "ast", "tests"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """An answer, and how it was found."""

    equal: bool
    method: Method
    detail: str = ""  # one line for a person: where two results part, or why nothing was run
