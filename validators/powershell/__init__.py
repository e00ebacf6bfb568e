"""PowerShell: a parser of our own decides and cuts; nothing is ever run.

How far the parser agrees with that of PowerShell 7.6.9, and what still differs, is told in
``docs/powershell_parser.md``.
"""

from validators.powershell.language import LANGUAGE, PowerShell

__all__ = ["LANGUAGE", "PowerShell"]
