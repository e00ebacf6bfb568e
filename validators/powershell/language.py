"""The verdict on a PowerShell snippet: limits, then the parser."""

from __future__ import annotations

from collections.abc import Mapping

from validators.base import ACCEPTED, Token, TokenKind, Verdict
from validators.limits import beyond_limits
from validators.powershell.lexer import MAX_CHARS, tokenize
from validators.powershell.parser import parse
from validators.powershell.verdicts import verdict

PARSER_VERSION = "1"  # to be raised with every change of a verdict

_PLACEHOLDERS = {TokenKind.STRING: "<string>", TokenKind.NUMBER: "<number>"}


class PowerShell:
    """PowerShell 7, as its own parser judges scripts. Nothing is ever run."""

    name = "powershell"
    max_chars = MAX_CHARS

    @property
    def parsers(self) -> Mapping[str, str]:
        """The parser of this package."""
        return {"powershell-parser": PARSER_VERSION}

    def check(self, code: str) -> Verdict:
        """Whether PowerShell's parser would take ``code`` as a script, whatever is installed."""
        refusal = beyond_limits(code, MAX_CHARS)
        if refusal:
            return refusal
        errors = parse(code).errors
        return verdict(code, errors[0]) if errors else ACCEPTED

    def tokens(self, code: str) -> list[Token]:
        """See `validators.powershell.lexer.tokenize`."""
        return tokenize(code)

    def sketch(self, code: str) -> str:
        """``code`` without its constants, comments, line breaks' number and case (PowerShell ignores case).

        The paper does not define a sketch for PowerShell. Here strings and numbers become placeholders; names of
        variables, commands and parameters stay. Tokens are separated by one space, lines by one line break.
        """
        lines: list[list[str]] = [[]]
        for token in tokenize(code):
            if token.kind is TokenKind.NEWLINE:
                lines.append([])
            elif token.kind not in (TokenKind.SPACE, TokenKind.COMMENT):
                lines[-1].append(_PLACEHOLDERS.get(token.kind) or token.text.lower())
        return "\n".join(" ".join(line) for line in lines if line)


LANGUAGE = PowerShell()
