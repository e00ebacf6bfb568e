"""Numbers: their forms, suffixes, multipliers and ranges (specification, 2.3.5.1; about_Numeric_Literals)."""

from __future__ import annotations

import math
import re

from validators.powershell.parser.quoted import Quoted
from validators.powershell.parser.tokens import DASHES, SPACES, Mode, Token

_NUMBER = re.compile(
    rf"""
    (?: 0[xX](?P<hex>[0-9A-Fa-f]*) | 0[bB](?P<binary>[01]*)
      | (?P<real>[0-9]+ (?:\.(?!\.)[0-9]*)? (?:[eE][{DASHES}+]?[0-9]+)? | \.[0-9]+ (?:[eE][{DASHES}+]?[0-9]+)?) )
    (?P<suffix>[uU]?[yYsSlL]|[uUnNdD])?
    (?P<multiplier>[kKmMgGtTpP][bB])?
    """,
    re.VERBOSE,
)
_AFTER = {
    Mode.COMMAND: re.compile(f"[{SPACES}\r\n{{}}();,|&]|\\Z"),
    Mode.EXPRESSION: re.compile(f"[{DASHES}{SPACES}\r\n{{}}();,|&\\]!%*+/.<>=:?#]|\\Z"),
}
_RANGES = {
    "y": (-(2**7), 2**7 - 1),
    "s": (-(2**15), 2**15 - 1),
    "l": (-(2**63), 2**63 - 1),
    "uy": (0, 2**8 - 1),
    "us": (0, 2**16 - 1),
    "ul": (0, 2**64 - 1),
    "u": (0, 2**64 - 1),
}
_POWERS = {"k": 10, "m": 20, "g": 30, "t": 40, "p": 50}


class Numbers(Quoted):
    """The part of the tokenizer that scans numbers."""

    __slots__ = ()

    def number(self, start: int, position: int) -> Token:
        """The number whose digits begin at ``position``, behind a sign perhaps; a word if it is only part of one."""
        text, end = self.text, self.end
        match = _NUMBER.match(text, position, end)
        if match is None:
            return self.word(start, position)
        stop = match.end()
        after = _AFTER[Mode.COMMAND if self.mode == Mode.COMMAND else Mode.EXPRESSION]
        if not after.match(text, stop, end):
            return self.word(start, stop)
        suffix = match["suffix"]
        if suffix and not _fits(match, suffix.lower()):
            if self.mode == Mode.COMMAND or (stop < end and text[stop] in ":?["):
                return self.word(start, stop)
            self.fail("BadNumericConstant", "The number is out of its type's range.", start, stop, incomplete=False)
        self.position = stop
        return Token("Number", start, stop)


def _fits(match: re.Match[str], suffix: str) -> bool:
    digits = match["hex"] or match["binary"]
    if digits:
        whole = int(digits, 16 if match["hex"] else 2)
        value = float(whole) if whole < 2**128 else math.inf
    elif match["real"]:
        value = float(re.sub(f"[{DASHES}]", "-", match["real"]))
    else:
        return True
    if match["multiplier"]:
        value *= 2.0 ** _POWERS[match["multiplier"][0].lower()]
    if suffix == "n":
        return True
    if suffix == "d":
        return abs(value) < 2.0**96
    low, high = _RANGES[suffix]
    return low <= value <= high
