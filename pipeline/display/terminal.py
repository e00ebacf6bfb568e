"""Text from anywhere, made safe for a terminal."""

from __future__ import annotations


def printable(text: str) -> str:
    """Text that cannot command a terminal: control characters other than line feed and tab are escaped."""
    return "".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text)
