"""What the parser has to say of a text that it refuses."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ParseError:
    """One thing that is wrong: PowerShell's own error id, and a message of ours. Offsets are in characters."""

    id: str
    message: str
    start: int
    end: int  # exclusive; equal to start where something is missing
    incomplete: bool = False  # the text ended too early: more of it could mend the error


class SyntaxFault(Exception):
    """Ends the parsing at the first error of syntax, which it carries."""

    def __init__(self, error: ParseError) -> None:
        super().__init__(error.message)
        self.error = error


def too_deep(place: int) -> ParseError:
    """The text nests deeper than the parser follows; PowerShell's own limit is another."""
    return ParseError("ScriptTooComplicated", "The text nests deeper than the parser follows.", place, place)
