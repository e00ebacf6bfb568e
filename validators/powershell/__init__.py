"""PowerShell: a tree-sitter grammar and rules of PowerShell's own decide, a regular lexer cuts."""

from validators.powershell.language import LANGUAGE, PowerShell

__all__ = ["LANGUAGE", "PowerShell"]
