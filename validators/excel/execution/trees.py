"""Whether two formulas are the same text or the same syntax tree, where case, spaces and dollar signs do not count."""

from __future__ import annotations

import formualizer

from validators.excel.lexer import Lexeme, scan

_REFERENCES = ("cell", "columns", "rows")


def normal_text(code: str) -> tuple[str, ...]:
    """The tokens of a formula, the same for two formulas that differ only in white space, case and dollar signs."""
    return tuple(_normal(lexeme) for lexeme in scan(code) if lexeme.group != "space")


def same_tree(left: str, right: str) -> bool:
    """Whether two accepted formulas have one syntax tree: parentheses that change nothing do not count, nor does how a
    number is written (1.50 and 1.5)."""
    return _canonical(left) == _canonical(right)


def _normal(lexeme: Lexeme) -> str:
    if lexeme.group == "string":
        return lexeme.text
    text = lexeme.text.upper()
    return text.replace("$", "") if lexeme.group in _REFERENCES else text


def _canonical(code: str) -> object:
    try:
        return _tree(formualizer.parse(code))
    except formualizer.ParserError:  # it reads no space beside a colon, and has limits of its own
        return normal_text(code)


def _tree(node: formualizer.ASTNode) -> object:
    reference, function = node.get_reference_string(), node.get_function_name()
    if reference is not None:
        return normal_text(f"={reference}")
    if node.node_type() == "Array":  # its children do not tell rows from columns
        return node.to_formula()
    label = node.get_operator() or (function and function.upper()) or node.node_type()
    value = node.get_literal_value()
    return (label, type(value).__name__, value, *map(_tree, node.children()))
