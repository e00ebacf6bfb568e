"""The parser's door: a text in, its tree, tokens and errors out."""

from __future__ import annotations

from dataclasses import dataclass, field

from validators.powershell.parser.errors import ParseError, SyntaxFault
from validators.powershell.parser.nodes import Node
from validators.powershell.parser.statements import Parser
from validators.powershell.parser.tokens import Token


@dataclass(frozen=True, slots=True)
class Parsed:
    """What the parser says of a text.

    ``tree`` is None where the syntax is wrong; ``tokens`` then end before the error. ``errors`` holds the first error
    of syntax, or all errors of meaning in the order of the tree.
    """

    tree: Node | None
    tokens: list[Token] = field(default_factory=list)
    errors: list[ParseError] = field(default_factory=list)


def parse(code: str) -> Parsed:
    """Parses ``code`` as a script (specification, 8.1.1). Never raises; the cost is linear in the length."""
    findings: list[ParseError] = []
    parser = Parser(code, 0, len(code), 0, findings)
    try:
        tree = parser.script()
    except SyntaxFault as fault:
        return Parsed(None, parser.lexer.tokens, [fault.error])
    findings.sort(key=lambda error: (error.start, -error.end))
    return Parsed(tree, parser.lexer.tokens, findings)
