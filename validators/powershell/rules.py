"""What PowerShell's parser refuses and the grammar takes.

Each rule is one of PowerShell 7's own, whose name for the error its docstring gives (tokenizer.cs, Parser.cs
and SemanticChecks.cs in engine/parser of PowerShell/PowerShell). There are more; these are the ones that people
run into. A rule looks at one node and says where it is wrong, and how.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import NamedTuple

from tree_sitter import Node

from validators.base import ErrorKind


class Finding(NamedTuple):
    """Something refused."""

    byte: int  # offset in bytes
    kind: ErrorKind
    message: str


Rule = Callable[[Node], Finding | None]

_NO_VARIABLE = re.compile(r"`.|\$\w[\w?]*:(?![\w?:])|\$\{\}", re.DOTALL)
_NO_INDEX = re.compile(rb"\[\s*[^\s\d$'\"(@\[{+-]")
_ASSIGNABLE = frozenset(
    (
        *("variable", "member_access", "element_access", "invocation_expression"),
        *("cast_expression", "parenthesized_expression"),
    )
)
_BINARY = ("additive", "bitwise", "comparison", "format", "logical", "multiplicative", "null_coalesce", "range")


def no_input_redirection(node: Node) -> Finding | None:
    """RedirectionNotSupported: ``sort < names.txt``."""
    if _text(node).startswith(b"<"):
        return Finding(node.start_byte, ErrorKind.UNEXPECTED_TOKEN, "the '<' operator is reserved for future use")
    return None


def no_second_equals(node: Node) -> Finding | None:
    """ExpectedValueExpression: ``if ($a == 1)`` assigns, and then stands before ``= 1``."""
    if _text(node) == b"=":
        return Finding(node.start_byte, ErrorKind.UNEXPECTED_TOKEN, "'=' is followed by no value")
    return no_input_redirection(node)


def no_bare_colon_in_string(node: Node) -> Finding | None:
    """InvalidVariableReferenceWithDrive, EmptyVariableReference: ``"$name: text"``."""
    text = _text(node).decode()
    for match in _NO_VARIABLE.finditer(text):
        if match[0].startswith("$"):
            hint = "; before a colon a name stands in braces" if match[0].endswith(":") else ""
            byte = node.start_byte + len(text[: match.start()].encode())
            return Finding(byte, ErrorKind.BAD_REFERENCE, f"{match[0][:40]!r} names no variable{hint}")
    return None


def no_bracket_behind_string(node: Node) -> Finding | None:
    """MissingArrayIndexExpression: behind a string ``[`` opens an index, among arguments too: ``del 'a'[b]``."""
    for before, after in pairwise(node.children):
        if before.type == "string_literal" and _NO_INDEX.match(_text(after)):
            return Finding(after.start_byte, ErrorKind.UNEXPECTED_TOKEN, "no index follows '['")
    return None


def no_space_before_member(node: Node) -> Finding | None:
    """UnexpectedToken: ``[Math]::Sqrt (9)``, ``[Math] ::Sqrt(9)``."""
    for before, after in pairwise(node.children):
        if after.type in ("::", "argument_list") and before.end_byte != after.start_byte:
            sign = "::" if after.type == "::" else "("
            return Finding(after.start_byte, ErrorKind.UNEXPECTED_TOKEN, f"unexpected white space before {sign!r}")
    return None


def no_operator_on_next_line(node: Node) -> Finding | None:
    """MissingEndParenthesisInExpression: an expression ends with its line unless an operator is its last sign."""
    text = _text(node)
    for before, after in pairwise(node.children):
        between = text[before.end_byte - node.start_byte : after.start_byte - node.start_byte]
        if b"\n" in between and b"`" not in between and not after.type.endswith(("expression", "comment")):
            message = f"the expression ended with its line, before {_text(after).decode()!r}"
            return Finding(after.start_byte, ErrorKind.UNEXPECTED_TOKEN, message)
    return None


def assignable_target(node: Node) -> Finding | None:
    """InvalidLeftHandSide: ``1 = $a``, ``$a, $b += 1``."""
    target, operator = node.children[0].children[0], node.children[1]
    elements = [target]
    if target.type == "array_literal_expression" and _text(operator) == b"=":
        elements = [child for child in target.children if child.is_named and child.type != "comment"]
    for element in elements:
        while element.type in ("unary_expression", "expression_with_unary_operator"):
            element = element.children[0]
        if element.type not in _ASSIGNABLE:
            return Finding(element.start_byte, ErrorKind.CONTEXT, "nothing can be assigned to this expression")
    return None


def catch_or_finally(node: Node) -> Finding | None:
    """MissingCatchOrFinally: ``try { }``."""
    if node.children[-1].type in ("catch_clauses", "finally_clause"):
        return None
    return Finding(node.end_byte, ErrorKind.MISSING_TOKEN, "the try statement has neither catch nor finally")


def splatting_in_command(node: Node) -> Finding | None:
    """SplattingNotPermitted: ``@name`` stands for a variable among a command's arguments only."""
    if not _text(node).startswith(b"@"):
        return None
    parent = node.parent.parent if node.parent and node.parent.type == "unary_expression" else None
    if parent is not None and parent.type == "command_elements":
        return None
    name = _text(node).decode()[:40]
    return Finding(node.start_byte, ErrorKind.CONTEXT, f"{name!r} is no expression, only an argument of a command")


RULES: Mapping[str, Rule] = {
    "redirection": no_input_redirection,
    "generic_token": no_input_redirection,
    "command_name": no_second_equals,
    "expandable_string_literal": no_bare_colon_in_string,
    "expandable_here_string_literal": no_bare_colon_in_string,
    "concatenated_command_argument": no_bracket_behind_string,
    "invocation_expression": no_space_before_member,
    "member_access": no_space_before_member,
    "assignment_expression": assignable_target,
    "try_statement": catch_or_finally,
    "variable": splatting_in_command,
} | {f"{operation}_{scope}expression": no_operator_on_next_line for operation in _BINARY for scope in ("", "argument_")}


def _text(node: Node) -> bytes:
    return node.text or b""
