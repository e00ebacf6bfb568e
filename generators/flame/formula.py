"""A formula as operators see it: the validator's lexemes, and the calls and ranges among them."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

from validators.excel.functions import Function, lookup
from validators.excel.lexer import Lexeme, scan

_CLOSES = frozenset(")]}")


class Argument(NamedTuple):
    """What stands between two commas of a call, without the spaces around it."""

    start: int  # offsets in characters; those of an empty argument are both that of the comma or bracket after it
    stop: int
    lexemes: tuple[Lexeme, ...]


class Call(NamedTuple):
    """A function and its arguments."""

    name: Lexeme
    function: Function | None  # None where Excel knows none of that name
    arguments: tuple[Argument, ...]


class Range(NamedTuple):
    """Two ends, their sheets left out, and the colon between them."""

    left: Lexeme
    colon: Lexeme
    right: Lexeme


class Formula:
    """A text and what is in it; a text that Excel refuses has calls and ranges too, as far as they are complete."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lexemes = [x for x in scan(text) if x.group != "space" and x.group != "start"]  # no equals sign in front

    def having(self, group: str, *texts: str) -> list[Lexeme]:
        """The lexemes of a group, or those of them with one of the texts."""
        return [x for x in self.lexemes if x.group == group and (not texts or x.text in texts)]

    @cached_property
    def ranges(self) -> list[Range]:
        """Every range, from left to right; columns of a table are none."""
        ranges: list[Range] = []
        lexemes = self.lexemes
        for i in range(1, len(lexemes) - 1):
            if lexemes[i].group != "operator" or ":" not in lexemes[i].text:
                continue
            left, right = lexemes[i - 1], lexemes[i + 1]
            if right.group == "sheet" and i + 2 < len(lexemes):
                right = lexemes[i + 2]
            if left.text != "]" and right.text != "[":
                ranges.append(Range(left, lexemes[i], right))
        return ranges

    @cached_property
    def calls(self) -> list[Call]:
        """Every call whose bracket closes, inner ones first."""
        calls: list[Call] = []
        lexemes = self.lexemes
        open_brackets: list[list[int]] = []  # indices of the bracket and, of a call, of the commas that follow it
        for i, (group, text, _) in enumerate(lexemes):
            if group == "bracket":
                if text not in _CLOSES:
                    open_brackets.append([i])
                elif open_brackets:
                    separators = open_brackets.pop()
                    if text == ")" and self._is_call(separators[0]):
                        calls.append(self._call(separators, i))
            elif text == "," and open_brackets:
                open_brackets[-1].append(i)
        return calls

    def _is_call(self, bracket: int) -> bool:
        """Whether the bracket with that index opens a call; Excel drops the space of ``SUM (A1)``."""
        if self.lexemes[bracket].text != "(" or not bracket:
            return False
        group, text, _ = self.lexemes[bracket - 1]
        return group == "function" or (group == "name" and lookup(text) is not None)

    def _call(self, separators: list[int], closing: int) -> Call:
        """The call with these indices of its opening bracket, its commas and its closing bracket."""
        lexemes = self.lexemes
        arguments: list[Argument] = []
        for before, after in zip(separators, [*separators[1:], closing], strict=True):
            inside = tuple(lexemes[before + 1 : after])
            if inside:
                arguments.append(Argument(inside[0].start, inside[-1].start + len(inside[-1].text), inside))
            else:
                arguments.append(Argument(lexemes[after].start, lexemes[after].start, ()))
        if len(arguments) == 1 and not arguments[0].lexemes:
            arguments.clear()
        name = lexemes[separators[0] - 1]
        return Call(name, lookup(name.text), tuple(arguments))
