"""Languages, token differences and pair filters."""

from validators.base import ACCEPTED, ErrorKind, Language, Token, TokenKind, Verdict
from validators.languages import LANGUAGES, get_language

__all__ = ["ACCEPTED", "LANGUAGES", "ErrorKind", "Language", "Token", "TokenKind", "Verdict", "get_language"]
