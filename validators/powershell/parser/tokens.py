"""Tokens of PowerShell, under the names of its ``TokenKind``, and the characters that part them."""

from __future__ import annotations

from enum import IntEnum


class Mode(IntEnum):
    """What the tokenizer takes the text at a place for; the parser says (about_Parsing)."""

    EXPRESSION = 0
    COMMAND = 1  # the arguments of a command
    TYPE_NAME = 2  # between a type literal's brackets, where a word has dots, pluses and backticks
    SIGNATURE = 3  # where a class, a member or a key is named: a word has letters and digits alone


class Token:
    """A token: its kind, its place in characters, what it serves as, and the tokens inside an expandable one."""

    __slots__ = ("end", "expands", "flags", "kind", "nested", "parts", "start")

    def __init__(self, kind: str, start: int, end: int, parts: list[tuple[int, int]] | None = None) -> None:
        self.kind = kind
        self.start = start
        self.end = end
        self.flags = ""  # CommandName, TypeName, MemberName, AttributeName, Keyword
        self.parts = parts  # the places of the variables and subexpressions inside; None where nothing expands
        self.expands = True  # False for a word cut in an expression, which is taken as it stands
        self.nested: list[Token] | None = None

    def __repr__(self) -> str:
        return f"Token({self.kind!r}, {self.start}, {self.end})"


SPACES = " \t\f\v\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
SINGLE_QUOTES = "'\u2018\u2019\u201a\u201b"
DOUBLE_QUOTES = '"\u201c\u201d\u201e'
DASHES = "-\u2013\u2014\u2015"

_KEYWORDS = (
    "Assembly Base Begin Break Catch Class Clean Command Configuration Continue Data Default Define Do Dynamicparam "
    "Else ElseIf End Enum Exit Filter Finally For Foreach From Function Hidden If In Interface Module Namespace "
    "Parallel Param Private Process Public Return Sequence Static Switch Throw Trap Try Type Until Using Var While "
    "Workflow"
)
KEYWORDS = {word.lower(): word for word in _KEYWORDS.split()}
RESERVED_KEYWORDS = frozenset(("Define", "From", "Var"))

LOGICAL, BITWISE, COMPARISON, COALESCE, ADDITIVE, MULTIPLICATIVE, FORMAT, RANGE = range(1, 9)
"""Precedences of binary operators, the loosest first (specification, section 7; about_Operator_Precedence)."""

BINARY_PRECEDENCE = {
    "And": LOGICAL,
    "Or": LOGICAL,
    "Xor": LOGICAL,
    "Band": BITWISE,
    "Bor": BITWISE,
    "Bxor": BITWISE,
    "QuestionQuestion": COALESCE,
    "Plus": ADDITIVE,
    "Minus": ADDITIVE,
    "Multiply": MULTIPLICATIVE,
    "Divide": MULTIPLICATIVE,
    "Rem": MULTIPLICATIVE,
    "Format": FORMAT,
    "DotDot": RANGE,
    "Is": COMPARISON,
    "IsNot": COMPARISON,
    "As": COMPARISON,
    "Shl": COMPARISON,
    "Shr": COMPARISON,
    "Join": COMPARISON,
}
DASH_OPERATORS = {
    "and": "And",
    "or": "Or",
    "xor": "Xor",
    "band": "Band",
    "bor": "Bor",
    "bxor": "Bxor",
    "bnot": "Bnot",
    "not": "Not",
    "f": "Format",
    "is": "Is",
    "isnot": "IsNot",
    "as": "As",
    "shl": "Shl",
    "shr": "Shr",
    "join": "Join",
}
_COMPARISONS = "eq ne ge gt lt le like notlike match notmatch replace contains notcontains in notin split"
for _name in _COMPARISONS.split():
    for _prefix in ("", "i", "c"):
        DASH_OPERATORS[_prefix + _name] = (_prefix or "i").upper() + _name
        BINARY_PRECEDENCE[(_prefix or "i").upper() + _name] = COMPARISON

ASSIGNMENTS = frozenset(
    (
        *("Equals", "PlusEquals", "MinusEquals", "MultiplyEquals", "DivideEquals", "RemainderEquals"),
        "QuestionQuestionEquals",
    )
)
UNARY = frozenset(
    (
        *("Exclaim", "Not", "Bnot", "Join", "Isplit", "Csplit", "Plus", "Minus", "PlusPlus", "MinusMinus"),
        "Comma",
    )
)
ENDS_PIPELINE = frozenset(("NewLine", "Semi", "RParen", "RCurly", "EndOfInput"))
WORDS = frozenset(("Identifier", "Generic", *KEYWORDS.values()))
STRINGS = frozenset(("StringLiteral", "StringExpandable", "HereStringLiteral", "HereStringExpandable"))
