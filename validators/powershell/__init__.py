"""PowerShell: a parser of our own decides and cuts."""

from validators.powershell.language import LANGUAGE, PowerShell

__all__ = ["LANGUAGE", "PowerShell"]
