"""``#requires`` comments and the modules that a script names (about_Requires, about_Using)."""

from __future__ import annotations

import re

from validators.powershell.parser.modules import is_constant_value, is_module_specification
from validators.powershell.parser.nodes import Node
from validators.powershell.parser.statements import Parser
from validators.powershell.parser.tokens import Mode

_PARAMETERS = ("version", "psedition", "modules", "runasadministrator", "shellid", "pssnapin", "assembly")
_VERSION = re.compile(r"\d+(\.\d+){0,3}\Z")


def check_requirements(parser: Parser, start: int, end: int) -> None:
    """Notes what is wrong with the ``#requires`` comment at this place, which reads as a command behind its ``#``."""
    inner = Parser(parser.text, start + 1, end, parser.depth, parser.findings)
    inner.use(Mode.COMMAND)
    first = inner.peek()
    if first.kind not in ("Identifier", "Generic"):
        return
    inner.use(Mode.EXPRESSION)
    command = inner.command()
    if command is None:
        return
    elements: list[Node] = command.fields["CommandElements"]
    if parser.text[elements[0].start : elements[0].end].lower() != "requires":
        parser.find("ScriptRequiresInvalidFormat", "The comment is no #requires statement.", command)
    index = 1
    while index < len(elements):
        element = elements[index]
        index += 1
        if element.kind != "CommandParameter":
            parser.find("ScriptRequiresInvalidFormat", "A #requires statement takes named arguments only.", element)
            continue
        name = str(element.fields["ParameterName"]).lower()
        known = next((known for known in _PARAMETERS if name and known.startswith(name)), None)
        if known == "runasadministrator":
            continue
        value = element.fields.get("Argument")
        if value is None and index < len(elements) and elements[index].kind != "CommandParameter":
            value = elements[index]
            index += 1
        if not isinstance(value, Node):
            parser.find("ParameterRequiresArgument", "The parameter needs an argument.", element)
        elif known is None:
            parser.find("ScriptRequiresInvalidFormat", "A #requires statement has no such parameter.", element)
        else:
            _check_value(parser, known, value)


def _check_value(parser: Parser, name: str, value: Node) -> None:
    if not is_constant_value(value):
        parser.find("RequiresArgumentMustBeConstant", "The argument has to be a constant.", value)
    elif name == "version" and not _VERSION.match(parser.constant(value)):
        parser.find("RequiresVersionInvalid", "The argument is no version.", value)
    elif name == "modules":
        for module in value.fields.get("Elements", [value]):
            if module.kind == "Hashtable" and not is_module_specification(parser, module):
                parser.find("RequiresModuleInvalid", "The hash table specifies no module.", module)
