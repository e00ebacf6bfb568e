"""The Excel formula language: would Excel accept this text at entry (separators as in the United States)?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from importlib.metadata import version

import formualizer

from validators.base import ACCEPTED, ErrorKind, Token, Verdict
from validators.excel.brackets import check_brackets
from validators.excel.faults import Fault
from validators.excel.lexer import MAX_CHARS, scan, tokens
from validators.excel.sketch import sketch
from validators.excel.strict import Checker

LAYER = "1"  # raise it with every change that can change a verdict

_NOT_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_OWN_LIMITS = ("nesting too deep", "height limit exceeded")


class Excel:
    """Excel formulas: limits, then the strict layer, then formualizer's parser as the second judge."""

    name = "excel"
    max_chars = MAX_CHARS

    @cached_property
    def parsers(self) -> Mapping[str, str]:
        """Name and version of what decides a verdict."""
        return {"formualizer": version("formualizer"), "repairgen-excel": LAYER}

    def check(self, code: str) -> Verdict:
        """The verdict on ``code``. Never raises."""
        try:
            self._check(code)
        except Fault as fault:
            return Verdict.reject(code, fault.kind, fault.message, fault.offset)
        return ACCEPTED

    def tokens(self, code: str) -> list[Token]:
        """A tolerant, lossless token stream."""
        return tokens(code)

    def sketch(self, code: str) -> str:
        """``code`` with its strings, numbers, references and sheets replaced by their type."""
        return sketch(code)

    def _check(self, code: str) -> None:
        if len(code) > MAX_CHARS:
            raise Fault(ErrorKind.TOO_LONG, f"a formula holds at most {MAX_CHARS} characters", MAX_CHARS)
        if not code.strip(" \t\r\n=") and code.count("=") < 2:
            raise Fault(ErrorKind.EMPTY, "there is no formula", 0)
        stranger = _NOT_TEXT.search(code)
        if stranger is not None:
            message = f"the character U+{ord(stranger.group()):04X} is no text"
            raise Fault(ErrorKind.ENCODING, message, stranger.start())
        if code[0] != "=":
            raise Fault(ErrorKind.MISSING_TOKEN, "a formula starts with an equals sign", 0)
        lexemes = scan(code)
        check_brackets(lexemes)
        checker = Checker(code, lexemes)
        checker.run()
        if not checker.space_joins:  # formualizer knows no space beside a colon and no intersection of names
            _ask_formualizer(code)


def _ask_formualizer(code: str) -> None:
    """Refuse what formualizer's parser refuses, unless it reached a limit of its own: Excel's have been checked."""
    try:
        formualizer.parse(code)
    except formualizer.ParserError as error:
        message = str(error)
        if not any(limit in message for limit in _OWN_LIMITS):
            raise Fault(ErrorKind.OTHER, f"formualizer: {message}", 0) from error


LANGUAGE = Excel()
