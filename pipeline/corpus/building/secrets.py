"""Secrets and personal data in code, replaced by something harmless of the same shape.

A table of named patterns, of the forms that the services document. detect-secrets was weighed and left: on plain code
it judges some 400 snippets a second, tells most words of a line for secrets unless it has a file around it, and gives
no place of what it found.
"""

from __future__ import annotations

import ipaddress
import math
import re
import string
from collections import Counter
from collections.abc import Callable
from functools import partial

_SHAPE = str.maketrans(
    string.ascii_letters + string.digits, "a" * 26 + "A" * 26 + "0" * 10
)  # what was hexadecimal, base64 or a name stays one
_RESERVED = re.compile(r"(?:^|[.@])(?:example(?:\.(?:com|org|net|edu))?|test|invalid|localhost)$", re.IGNORECASE)


def _same_shape(secret: str) -> str:
    return secret.translate(_SHAPE)


def _no_words(secret: str) -> str:
    """Only where the text looks drawn at random: 4.5 bits a character, which words and names do not reach."""
    counts = Counter(secret)
    bits = -sum(n / len(secret) * math.log2(n / len(secret)) for n in counts.values())
    return _same_shape(secret) if bits > 4.5 else secret


def _mail(address: str) -> str:
    return address if _RESERVED.search(address) or address.startswith("git@") else "user@example.com"


def _address(text: str) -> str:
    """A public address becomes one that is kept for documentation (RFC 5737, RFC 3849)."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text
    if not address.is_global:
        return text
    return "192.0.2.1" if address.version == 4 else "2001:db8::1"


_NAMES = (
    r"(?:pass(?:word|wd|phrase)|pwd|secret|token|credentials?|(?:api|access|auth|account|client|private|secret|shared)"
    r"[_-]?(?:key|token|secret))s?"
)
_VALUE = r"""(?P<quote>["'])(?P<secret>[^"'\s${}<>%]{4,})(?P=quote)"""
_PATTERNS = (
    ("private key", r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----(?P<secret>.*?)(?:-----END|\Z)", _same_shape),
    ("AWS key", r"\b(?P<secret>A(?:KIA|SIA|GPA|IDA|ROA)[0-9A-Z]{16})\b", _same_shape),
    ("GitHub token", r"\b(?P<secret>gh[oprsu]_[0-9A-Za-z]{30,}|github_pat_\w{22,})\b", _same_shape),
    ("GitLab token", r"\b(?P<secret>glpat-[\w-]{20,})", _same_shape),
    ("Slack token", r"\b(?P<secret>xox[a-z]-[\w-]{10,}|(?<=hooks\.slack\.com/services/)[\w/]{20,})", _same_shape),
    ("API key", r"\b(?P<secret>sk-[\w-]{20,}|AIza[\w-]{35}|[rs]k_(?:live|test)_\w{16,}|hf_\w{30,})", _same_shape),
    ("registry token", r"\b(?P<secret>npm_[A-Za-z0-9]{36}|pypi-[\w-]{50,})", _same_shape),
    ("JSON web token", r"\b(?P<secret>eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*)", _same_shape),
    ("bearer token", r"(?i:\b(?:bearer|basic) +)(?P<secret>(?=\S*\d)[\w.~+/-]{16,}=*)", _same_shape),
    ("credentials in a URL", r"://[^\s:/@\"']+:(?P<secret>[^\s/@\"'{}$<>%]{3,})@", _same_shape),
    ("password", r"(?i:\b(?:pwd|password|\w*key|sig)=)(?P<secret>[^\s;\"'&(){}$<>%]{4,})(?=[;&\"'])", _same_shape),
    ("password", rf"(?i:{_NAMES})[\"']?\]?\s*(?::\s*\w+\s*)?(?:=>|:=|=(?!=)|:)\s*[rbuRBU]{{0,2}}{_VALUE}", _same_shape),
    ("password", rf"(?i:-{_NAMES}|ConvertTo-SecureString(?: +-String)?)[ :]+{_VALUE}", _same_shape),
    ("long hexadecimal", r"(?<![0-9A-Za-z_])(?:0x)?(?P<secret>(?=\d*[A-Fa-f])[0-9A-Fa-f]{32,})(?!\w)", _same_shape),
    ("long base64", r"(?<![\w+/])(?P<secret>(?=[^\W_]*\d)[A-Za-z0-9+/]{40,}={0,2})(?![\w+/])", _no_words),
    (
        "e-mail address",
        r"\b(?P<secret>[\w.+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,5}\.[A-Za-z]{2,24})(?![\w(])",
        _mail,
    ),
    ("IP address", r"(?<![\w.])(?P<secret>\d{1,3}(?:\.\d{1,3}){3})(?![\w.])", _address),
    ("IP address", r"(?<![\w:.])(?P<secret>[23][0-9A-Fa-f]{3}(?::[0-9A-Fa-f]{0,4}){2,7})(?![\w:.])", _address),
)
_COMPILED = [(name, re.compile(pattern, re.DOTALL), replacement) for name, pattern, replacement in _PATTERNS]


def scrub(code: str) -> tuple[str, list[str]]:
    """Code without its secrets, and the names of the patterns that found one.

    What was replaced is not found again: scrubbing a second time changes nothing.
    """
    names: list[str] = []
    for name, pattern, replacement in _COMPILED:
        clean = pattern.sub(partial(_replaced, replacement), code)
        if clean != code:
            names.append(name)
            code = clean
    return code, names


def _replaced(replacement: Callable[[str], str], match: re.Match[str]) -> str:
    start, end = (place - match.start() for place in match.span("secret"))
    text = match.group()
    return text[:start] + replacement(match["secret"]) + text[end:]
