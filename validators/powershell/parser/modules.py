"""Specifications of modules (about_Requires, about_Using)."""

from __future__ import annotations

import re

from validators.powershell.parser.literals import Literals
from validators.powershell.parser.nodes import Node

_FULL_VERSION = re.compile(r"\d+(\.\d+){1,3}\Z")


def is_constant_value(node: Node) -> bool:
    """Whether a value holds nothing that would have to be run."""
    constants = ("ConstantExpression", "StringConstantExpression", "ArrayLiteral", "Hashtable")
    wrappers = ("Pipeline", "CommandExpression")
    return all(part.kind in constants or part.kind in wrappers for part in node.walk())


def is_module_specification(parser: Literals, table: Node) -> bool:
    """Whether a hash table has the keys of a module specification, and no others, with values of their kinds."""
    found: dict[str, str] = {}
    for key, value in table.fields.get("KeyValuePairs", []):
        inner = next((part for part in value.walk() if part.kind.endswith("ConstantExpression")), None)
        found[parser.constant(key).lower()] = "" if inner is None else parser.constant(inner)
    versions = ("moduleversion", "requiredversion", "maximumversion")
    if not found.keys() <= {"modulename", "guid", *versions} or "modulename" not in found:
        return False
    given = [found[name].replace("*", "0") for name in versions if name in found]
    return bool(given) and all(_FULL_VERSION.match(version) for version in given)
