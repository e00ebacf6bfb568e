"""The Excel formula language."""

from validators.excel.language import LANGUAGE

__all__ = ["LANGUAGE"]
