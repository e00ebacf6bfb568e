"""What PowerShell's tokenizer refuses before its parser looks: quotes, comments and brackets without a partner.

Besides giving the kind and the place of these errors, it keeps the inputs on which error recovery is slow away
from the grammar.
"""

from __future__ import annotations

from validators.base import ErrorKind, Verdict
from validators.powershell.lexer import TOKEN

_CLOSING = {"(": ")", "$(": ")", "@(": ")", "{": "}", "@{": "}"}
_UNCLOSED = {
    "unclosed_string": (ErrorKind.UNTERMINATED_STRING, "the string has no closing quote"),
    "unclosed_comment": (ErrorKind.UNBALANCED, "the comment has no closing '#>'"),
    "unclosed_variable": (ErrorKind.UNBALANCED, "the variable has no closing '}'"),
}


def lexical_error(code: str, max_depth: int) -> Verdict | None:
    """The first such error, None if there is none.

    Square brackets are left to the grammar: a bare word such as ``a[1`` may hold one alone.
    """
    opened: list[tuple[str, int]] = []
    for match in TOKEN.finditer(code):
        text, offset = match.group(), match.start()
        if match.lastgroup in _UNCLOSED:
            kind, message = _UNCLOSED[match.lastgroup]
            return Verdict.reject(code, kind, message, offset)
        if match.lastgroup != "bracket":
            continue
        if text in _CLOSING:
            opened.append((text, offset))
            if len(opened) > max_depth:
                message = f"brackets nested more than {max_depth} deep"
                return Verdict.reject(code, ErrorKind.TOO_DEEP, message, offset)
        elif text in (")", "}") and (not opened or _CLOSING[opened.pop()[0]] != text):
            return Verdict.reject(code, ErrorKind.UNBALANCED, f"{text!r} closes nothing that is open", offset)
    if opened:
        text, offset = opened[-1]
        return Verdict.reject(code, ErrorKind.UNBALANCED, f"{text!r} was never closed", offset)
    return None
