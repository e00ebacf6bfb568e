"""Attributes that PowerShell's parser knows: what they may stand on in a class, and which arguments they take.

The parser looks at them in classes and enumerations, where attributes are made as the class is defined
(about_Classes, about_Functions_Advanced_Parameters).
"""

from __future__ import annotations

from validators.powershell.parser.findings import Findings
from validators.powershell.parser.nodes import Node

_PARAMETER = (
    "mandatory position parametersetname valuefrompipeline valuefrompipelinebypropertyname "
    "valuefromremainingarguments helpmessage helpmessagebasename helpmessageresourceid dontshow experimentname "
    "experimentaction"
)
_BINDING = (
    "supportsshouldprocess defaultparametersetname confirmimpact helpuri supportspaging supportstransactions "
    "positionalbinding remotingcapability"
)
_ARGUMENTS = {
    name: frozenset(arguments.split())
    for name, arguments in {
        "alias": "",
        "allowemptycollection": "",
        "allowemptystring": "",
        "allownull": "",
        "cmdletbinding": _BINDING,
        "flags": "",
        "outputtype": "providercmdlet parametersetname",
        "parameter": _PARAMETER,
        "validatecount": "",
        "validatedrive": "",
        "validatelength": "",
        "validatenotnull": "",
        "validatenotnullorempty": "",
        "validatepattern": "options errormessage",
        "validaterange": "",
        "validatescript": "errormessage",
        "validateset": "ignorecase errormessage",
    }.items()
}
_ON_TYPES_ONLY = frozenset(("cmdletbinding", "flags", "outputtype"))


def check_class_attribute(node: Node, place: str, findings: Findings) -> None:
    """Notes an attribute that cannot stand at this ``place`` (type, property, parameter), and its unknown arguments."""
    name = str(node.fields["TypeName"]).lower()
    arguments = _ARGUMENTS.get(name)
    if arguments is None:
        return
    if place == "parameter" or (place == "property" and name in _ON_TYPES_ONLY):
        findings.add("AttributeNotAllowedOnDeclaration", "The attribute cannot stand on this declaration.", node)
    for named in node.fields.get("NamedArguments", []):
        if str(named.fields["ArgumentName"]).lower() not in arguments:
            findings.add("PropertyNotFoundForAttribute", "The attribute has no such property.", named)
