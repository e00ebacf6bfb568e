"""A parser of PowerShell 7 that judges as PowerShell's own does.

Written from the language's specification, the ``about_`` topics of PowerShell's help and from what PowerShell
answers about texts. `parse` is the door; the grammar's productions are methods of the classes that
`validators.powershell.parser.statements.Parser` gathers, from types up to statements.
"""

from validators.powershell.parser.errors import ParseError
from validators.powershell.parser.nodes import Node
from validators.powershell.parser.parsing import Parsed, parse
from validators.powershell.parser.tokens import Token
from validators.powershell.parser.tolerant import tokenize

__all__ = ["Node", "ParseError", "Parsed", "Token", "parse", "tokenize"]
