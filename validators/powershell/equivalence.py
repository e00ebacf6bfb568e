"""Whether two PowerShell snippets are the same command, by their normalised syntax trees. Nothing is ever run.

This is the harness behind PowerShell's execution match. Both snippets must be accepted by the validator. Their trees
are then compared without what PowerShell itself doesn't look at:

- white space, comments, line breaks or semicolons between statements, backticks that continue a line;
- case, of commands, parameters, variables, operators, keywords, types, members. The case of strings, of plain words and
  of keys counts: a command may show them. ``-ieq`` is ``-eq``, ``${x}`` is ``$x``;
- aliases (`validators.powershell.aliases`), and the call operator before a constant name: ``& 'gci'`` is
  ``Get-ChildItem``. A snippet that gives a built-in alias a new meaning is read as if it didn't;
- quoting: ``"a"``, ``'a'``, a here-string, and ``a`` as an argument or a key are equal if they are the same text after
  escapes. ``"$x"`` expands and ``'$x'`` doesn't; ``$x\\a`` and ``"$x\\a"`` are the same argument; ``1`` is a number and
  ``'1'`` is none;
- the order of the named parameters of a command. An argument right behind ``-Name`` is taken for its value, all others
  are positional and keep their order. `validators.powershell.normal.SWITCHES` take a value only behind a colon;
- the colon of ``-Path:$x``, but not behind a switch, nor before ``$true`` and ``$false``, where it tells a switch's own
  value from an argument that follows the switch.

The last two, and the case of parameters, hold for commands called Verb-Noun, for ``.ps1`` scripts and for functions
that the snippet defines. Other commands may be programs, which get their arguments as they are written.

Without the commands' definitions abbreviated parameters (``-rec``), aliases of parameters and default values can't be
resolved: such pairs differ. So do pairs whose trees differ though they do the same: ``!$x`` and ``-not $x``, redundant
parentheses, another order of a hash table's keys. Matches are thus undercounted. They are overcounted only where a
parameter that we take for named is a switch, or where arguments of one command have effects on each other.
"""

from __future__ import annotations

from validators.comparison import Comparison
from validators.powershell.language import LANGUAGE
from validators.powershell.normal import normal_form

HARNESS = "powershell-ast 2"  # to be raised with every change of an answer here


def equivalent(left: str, right: str) -> Comparison:
    """Whether the snippets are the same command: by their text, but for line ends and outer space, or by their trees.

    Never raises. A snippet that the validator rejects equals nothing, itself included.
    """
    for side, code in (("left", left), ("right", right)):
        verdict = LANGUAGE.check(code)
        if not verdict.accepted:
            place = f"{verdict.line}:{verdict.column}"
            return Comparison(False, "ast", f"the {side} snippet is rejected at {place}: {verdict.message}")
    if _text(left) == _text(right):
        return Comparison(True, "text")
    left, right = normal_form(left), normal_form(right)
    if left == right:
        return Comparison(True, "ast")
    return Comparison(False, "ast", _parting(left, right))


def harness() -> str:
    """The harness with its version, and the names and versions of what parses for it."""
    return f"{HARNESS} ({', '.join(f'{name} {version}' for name, version in LANGUAGE.parsers.items())})"


def _text(code: str) -> str:
    return code.replace("\r\n", "\n").strip()


def _parting(left: str, right: str) -> str:
    """Where two different normal forms part."""
    pairs = enumerate(zip(left, right, strict=False))
    place = next((n for n, (one, other) in pairs if one != other), min(len(left), len(right)))
    start = max(0, place - 20)
    return f"{left[start : place + 40]} <> {right[start : place + 40]}"
