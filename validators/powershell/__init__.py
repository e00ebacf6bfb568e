"""PowerShell: a parser of our own decides, a regular lexer cuts."""

from validators.powershell.language import LANGUAGE, PowerShell

__all__ = ["LANGUAGE", "PowerShell"]
