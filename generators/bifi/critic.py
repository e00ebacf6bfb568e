"""BIFI's critic: which texts are bad, how far two are apart, and what counts as breaking or repairing one.

Our validators decide what is bad. Distances are Levenshtein's on BIFI's anonymised words (`generators.bifi.words`), as
in the authors' code: nothing happens between equal words, so an edit inside a string is none.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, get_args

from generators.bifi.words import mask
from validators import ErrorKind, Language, TokenKind, get_language
from validators.diff import token_distance

Category = Literal["brackets", "indentation", "syntax"]
CATEGORIES: tuple[Category, ...] = get_args(Category)
MAX_DISTANCE = 4  # BIFI: below 5

# Not mistakes that a fixer could undo: there is no code, or it lies beyond what the parser is given.
_NO_MISTAKE = frozenset((ErrorKind.EMPTY, ErrorKind.TOO_LONG, ErrorKind.TOO_DEEP, ErrorKind.ENCODING, ErrorKind.OTHER))
_PAIRS = (("(", ")"), ("[", "]"), ("{", "}"))


def distance(language: Language, broken: str, fixed: str) -> int | None:
    """Edits of one word from one side to the other; None where either cannot be masked."""
    before, after = _words(language.name, broken), _words(language.name, fixed)
    return None if before is None or after is None else token_distance(before, after)


def category(language: Language, code: str) -> Category | None:
    """The class of mistake of rejected code; None for accepted code, and for what is no mistake but beyond a limit.

    The authors tell classes by messages of Python 3.7 (unbalanced; anything with "indent"; exactly "invalid syntax"),
    which later versions word otherwise. Here, as in their code, the bracket check comes first, except that a lost
    quote, which hides brackets, is a mistake of its own; then the kind of the validator's verdict decides. Kinds that
    they drop, such as a bad literal, are syntax. PowerShell has no error of indentation.
    """
    kind = language.check(code).kind
    if kind is None or kind in _NO_MISTAKE:
        return None
    if kind is ErrorKind.UNTERMINATED_STRING:
        return "syntax"
    if kind is ErrorKind.UNBALANCED or not balanced(language, code):
        return "brackets"
    return "indentation" if kind is ErrorKind.INDENTATION else "syntax"


def balanced(language: Language, code: str) -> bool:
    """The authors' bracket check: as many brackets of each kind open as close, in whatever order (``([)]`` passes)."""
    brackets = "".join(token.text for token in language.tokens(code) if token.kind is TokenKind.BRACKET)
    return all(brackets.count(opening) == brackets.count(closing) for opening, closing in _PAIRS)


def is_repair(language: Language, broken: str, fixed: str, max_distance: int = MAX_DISTANCE) -> bool:
    """Whether ``fixed`` repairs ``broken``: the validator accepts it, 1 to ``max_distance`` edits away."""
    return _within(distance(language, broken, fixed), max_distance) and language.check(fixed).accepted


def breakage(language: Language, broken: str, fixed: str, max_distance: int = MAX_DISTANCE) -> Category | None:
    """The `category` of ``broken`` where it breaks ``fixed``, taken for good, by 1 to ``max_distance`` edits."""
    return category(language, broken) if _within(distance(language, broken, fixed), max_distance) else None


def is_breakage(language: Language, broken: str, fixed: str, max_distance: int = MAX_DISTANCE) -> bool:
    """Whether there is a `breakage`."""
    return breakage(language, broken, fixed, max_distance) is not None


def bifi_success(language: Language, broken: str, fixed: str, max_distance: int = MAX_DISTANCE) -> bool:
    """Whether the authors' evaluation counts ``fixed`` as a success: `is_repair`, but where the brackets of ``broken``
    do not balance, and not for want of a quote, those of ``fixed`` need only balance; it does not have to parse."""
    if not _within(distance(language, broken, fixed), max_distance):
        return False
    if balanced(language, broken) or language.check(broken).kind is ErrorKind.UNTERMINATED_STRING:
        return language.check(fixed).accepted
    return balanced(language, fixed)


def _within(edits: int | None, max_distance: int) -> bool:
    return edits is not None and 0 < edits <= max_distance


@lru_cache(maxsize=256)  # many texts are compared with one
def _words(language: str, code: str) -> tuple[str, ...] | None:
    masked = mask(get_language(language), code)
    return masked.words if masked else None
