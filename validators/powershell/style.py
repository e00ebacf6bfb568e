"""Spaces between PowerShell's structure tokens, as people put them, and where a space means something."""

from __future__ import annotations

from enum import Enum, auto

from validators.powershell.parser.tokens import DASH_OPERATORS, KEYWORDS
from validators.structure import slot_kind

OPENING = {"(": ")", "{": "}", "[": "]", "@(": ")", "@{": "}", "$(": ")", "?[": "]"}
CLOSING = frozenset(")]}")
QUOTES = {'"': '"', "'": "'", '@"': '"@', "@'": "'@"}  # and what closes them
SIGILS = ("$", "@")  # of a variable and of a splatted one: its name is a token of its own
BREAKS = ("\n", "`\n")
SPACE = " "

_ACCESS = frozenset({".", "::", "?."})
_STEPS = frozenset({"++", "--"})
_UNARY = frozenset({"+", "-", "!", ","})
_ARGUMENTS = frozenset({"+", "!"})  # which behind a command or an argument are one more
_BEFORE_OPERANDS = frozenset({"return", "throw", "exit", "in"})  # the keywords before an expression
_COMMAND_SIGNS = frozenset({"%", "?"})  # ForEach-Object and Where-Object
_WORD_OPERATORS = frozenset(f"-{name}" for name in DASH_OPERATORS)
_KEYWORDS = frozenset(KEYWORDS)
_MEANT = OPENING.keys() | _ACCESS | _STEPS | {"..", ":"}  # before which a space that style would not put has a meaning


class _Role(Enum):
    """What the token written last is to the next one."""

    OPEN = auto()  # nothing, a bracket, a sign that belongs to the next one: no space follows
    SIGIL = auto()
    ACCESS = auto()
    VALUE = auto()  # the end of an operand
    MEMBER = auto()
    TYPE_NAME = auto()
    TYPE = auto()  # the bracket that closes a type or an attribute
    WORD = auto()  # a command, an argument, a keyword, an operator that is a word, a sign that invokes
    PARAMETER = auto()
    OPERATOR = auto()
    SEPARATOR = auto()


_APART = frozenset({_Role.WORD, _Role.PARAMETER, _Role.OPERATOR, _Role.SEPARATOR})


class Line:
    """Where the spaces of a sequence of tokens stand, one after the other."""

    def __init__(self) -> None:
        self._role = _Role.OPEN
        self._last = ""
        self._open: list[str] = []  # the brackets that are open; a type's is "[t", an attribute's round one "(t",
        # that round a member's name "(m", behind a member "[m", round the types of a generic method "[g"
        self._quote = ""
        self._member = False  # the sigil or the quote written last begins the name of a member

    @property
    def depth(self) -> int:
        """How many brackets are open."""
        return len(self._open)

    @property
    def names_a_member(self) -> bool:
        """Whether a name that comes next is that of a member."""
        return self._role is _Role.ACCESS

    def is_meant(self, token: str) -> bool:
        """Whether a space before this token, where style has none, is one that PowerShell looks at."""
        if self._role is _Role.SIGIL or self._last in ("-", "--"):
            return True
        return token in _MEANT and self._role is not _Role.OPEN and not (token == "(" and self._role is _Role.WORD)

    def wants_space(self, token: str) -> bool:
        """Whether style puts a space before this token."""
        role = self._role
        if role is _Role.ACCESS:  # the name of a member is missing
            return token == "|" or token in _WORD_OPERATORS or _is_parameter(token)
        if role in (_Role.OPEN, _Role.SIGIL) or token in (SPACE, *BREAKS):
            return False
        if self._last == "`" or (token == "]" and not self._open):  # else one word
            return True
        if token in (",", ";", ")", "]", "..") or (self._quote and token == QUOTES[self._quote]):
            return False
        if token == "}":
            return self._within("{") and self._last != "{"
        if token in _ACCESS or token in ("[", "?[") or token in _STEPS:
            return role in _APART
        if token == ":" and role is _Role.PARAMETER:
            return False
        if token == "=" and self._within("(t"):
            return False
        if token == "{":
            return role not in (_Role.MEMBER, _Role.TYPE)
        if token == "(":
            return role not in (_Role.MEMBER, _Role.TYPE, _Role.TYPE_NAME) and self._last != "param"
        if role is _Role.TYPE:
            return _is_operator(token)
        return role is not _Role.TYPE_NAME or _is_operator(token)

    def take(self, token: str) -> None:
        """``token`` is written."""
        self._role = self._role_of(token)
        self._last = token

    def _role_of(self, token: str) -> _Role:
        before, role = self._last, self._role
        if token in BREAKS and role is _Role.ACCESS:
            return role
        if token in (SPACE, *BREAKS):
            return _Role.OPEN
        if before == "$" and role is _Role.SIGIL and token in ("$", "?"):  # automatic variables
            return _Role.MEMBER if self._member else _Role.VALUE
        if self._quote and token == QUOTES[self._quote]:
            self._quote = ""
            return _Role.MEMBER if self._member else _Role.VALUE
        if token in QUOTES:
            self._quote = token
            self._member = role is _Role.ACCESS
            return _Role.OPEN
        if token in OPENING:
            return self._opened(token)
        if token in CLOSING:
            opened = self._open.pop() if self._open else ""
            if opened == "[t":
                return _Role.TYPE_NAME if self._within("[t", "[g") else _Role.TYPE
            return _Role.MEMBER if opened in ("[g", "(m") else _Role.VALUE
        if token in SIGILS:
            self._member = role is _Role.ACCESS
            return _Role.SIGIL
        operand = role in (_Role.VALUE, _Role.MEMBER, _Role.TYPE)
        if token in _ACCESS:
            return _Role.ACCESS if operand else _Role.WORD
        if token in _STEPS:
            return _Role.VALUE if operand else _Role.OPEN
        if token in (",", ";"):
            return _Role.SEPARATOR
        if token == "..":
            return _Role.OPEN if operand else _Role.WORD
        if (token == ":" and role is _Role.PARAMETER) or (token == "=" and self._within("(t")):
            return _Role.OPEN
        if token in _COMMAND_SIGNS and not operand:
            return _Role.WORD
        if token in _UNARY and not operand:
            return _Role.WORD if token in _ARGUMENTS and self._takes_arguments else _Role.OPEN
        if _is_parameter(token):
            return _Role.PARAMETER
        if token in _WORD_OPERATORS:
            return _Role.WORD
        if slot_kind(token) is None and not any(map(str.isalnum, token.lstrip("_"))) and token not in ("_", "?", "^"):
            return _Role.WORD if role in (_Role.OPEN, _Role.SEPARATOR, _Role.OPERATOR) else _Role.OPERATOR
        if role is _Role.SIGIL and self._member:
            return _Role.MEMBER
        if role is _Role.SIGIL or slot_kind(token) in ("N", "S") or token[0].isdigit():
            return _Role.OPEN if self._quote else _Role.VALUE
        if role is _Role.ACCESS:
            return _Role.MEMBER
        if self._within("[m") and before == "[" and slot_kind(token) in (None, "T"):
            self._open[-1] = "[g"
        return _Role.TYPE_NAME if self._within("[t", "[g") and before != "]" else _Role.WORD

    def _within(self, *brackets: str) -> bool:
        """Whether the bracket that was opened last is one of these."""
        return bool(self._open) and self._open[-1] in brackets

    @property
    def _takes_arguments(self) -> bool:
        """Whether the token written last is a command or an argument, or invokes what follows."""
        return self._role in (_Role.WORD, _Role.PARAMETER) and self._last not in _BEFORE_OPERANDS | _WORD_OPERATORS

    def _opened(self, token: str) -> _Role:
        """The role of an opening bracket, which is kept in mind."""
        opened = token
        if token == "[" and self._role is not _Role.VALUE:
            opened = "[m" if self._role is _Role.MEMBER else "[t"
        elif token == "(" and self._role is _Role.TYPE_NAME:
            opened = "(t"
        elif token in ("(", "$(") and self._role is _Role.ACCESS:
            opened = "(m"
        self._open.append(opened)
        return _Role.SEPARATOR if token == "{" else _Role.OPEN


def _is_parameter(token: str) -> bool:
    return slot_kind(token) == "P" or (token[:1] == "-" and token[1:2].isalpha() and token not in _WORD_OPERATORS)


def _is_operator(token: str) -> bool:
    """Whether a token stands between two operands."""
    if token in _WORD_OPERATORS or _is_parameter(token) or token in _KEYWORDS:
        return True
    is_sign = slot_kind(token) is None and not any(map(str.isalnum, token))
    return is_sign and token not in OPENING and token not in QUOTES and token not in SIGILS
