"""The verdict on a PowerShell snippet: limits, then PowerShell's lexical rules, its grammar, its strict rules."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version

from validators.base import ACCEPTED, ErrorKind, Token, TokenKind, Verdict
from validators.limits import beyond_limits
from validators.powershell.grammar import parse, place, syntax_error, walk
from validators.powershell.lexer import DOUBLE, MAX_CHARS, SINGLE, tokenize
from validators.powershell.lexical import lexical_error
from validators.powershell.rules import RULES

MAX_DEPTH = 100
RULES_VERSION = "1"  # to be raised with every change of a verdict here

# PowerShell reads typographic quotes and dashes as plain ones, the grammar does not.
PLAIN = {
    ord(sign): plain for signs, plain in ((SINGLE, "'"), (DOUBLE, '"'), ("\u2013\u2014\u2015", "-")) for sign in signs
}
_PLACEHOLDERS = {TokenKind.STRING: "<string>", TokenKind.NUMBER: "<number>"}


class PowerShell:
    """PowerShell 7, as well as it can be judged without PowerShell. Nothing is ever run."""

    name = "powershell"
    max_chars = MAX_CHARS

    @property
    def parsers(self) -> Mapping[str, str]:
        """The grammar, its runtime and the rules of this package."""
        return {
            "tree-sitter": version("tree-sitter"),
            "tree-sitter-pwsh": version("tree-sitter-pwsh"),
            "powershell-rules": RULES_VERSION,
        }

    def check(self, code: str) -> Verdict:
        """Whether PowerShell's parser would take ``code`` as a script."""
        refusal = beyond_limits(code, MAX_CHARS) or lexical_error(code, MAX_DEPTH) or _grammatical_error(code)
        return refusal or ACCEPTED

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


def _grammatical_error(code: str) -> Verdict | None:
    data = code.translate(PLAIN).encode()
    root = parse(data)
    if isinstance(root, int):
        message = "too many errors for the parser to recover from"
        return Verdict.reject(code, ErrorKind.OTHER, message, place(code, data, root))
    if root.has_error:
        return syntax_error(code, data, root)
    for node in walk(root):
        rule = RULES.get(node.type)
        finding = rule(node) if rule else None
        if finding:
            return Verdict.reject(code, finding.kind, finding.message, place(code, data, finding.byte))
    return None
