"""The parser's door: a text in, its tree, tokens and errors out."""

from __future__ import annotations

from dataclasses import dataclass, field

from validators.powershell.parser.errors import ParseError, SyntaxFault
from validators.powershell.parser.findings import Findings
from validators.powershell.parser.nodes import Node
from validators.powershell.parser.requirements import check_requirements
from validators.powershell.parser.semantics import CHECKS
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
    findings = Findings()
    parser = Parser(code, 0, len(code), 0, findings)
    try:
        tree = parser.script()
        requirements = Findings()
        if findings.requirements:
            checker = Parser(code, 0, 0, 0, requirements)
            for start, end in findings.requirements:
                check_requirements(checker, start, end)
    except SyntaxFault as fault:
        return Parsed(None, parser.lexer.tokens, [fault.error])
    for check, node in findings.watched:
        CHECKS[check](node, code, findings)
    errors = [*requirements.errors(), *findings.errors()]
    return Parsed(tree, parser.lexer.tokens, errors)
