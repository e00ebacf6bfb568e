"""What no parser gets to see, in languages whose text is plain Unicode."""

from __future__ import annotations

from validators.base import ErrorKind, Verdict


def beyond_limits(code: str, max_chars: int) -> Verdict | None:
    """The verdict on text that is too long, blank or no text at all; None for all other."""
    if len(code) > max_chars:
        return Verdict.reject(
            code, ErrorKind.TOO_LONG, f"{len(code)} characters; at most {max_chars} are parsed", max_chars
        )
    if not code.strip():
        return Verdict.reject(code, ErrorKind.EMPTY, "no code", 0)
    if "\0" in code:
        return Verdict.reject(code, ErrorKind.ENCODING, "NUL character", code.index("\0"))
    try:
        code.encode()
    except UnicodeEncodeError as error:
        message = f"lone surrogate U+{ord(code[error.start]):04X}"
        return Verdict.reject(code, ErrorKind.ENCODING, message, error.start)
    return None
