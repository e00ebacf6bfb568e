"""A tolerant lexer for PowerShell.

PowerShell's own tokenizer cuts text by mode: what a command is given is cut otherwise than an expression, and
one wrong sign switches the mode of all that follows. This lexer has one mode, so that one edit of a snippet
stays one edit of its tokens. Bare words with dots, slashes and dashes in them (paths, types, command names)
are one token, members after ``.`` or ``::`` are tokens of their own. Where a word stands decides what it is.
"""

from __future__ import annotations

import re

from validators.base import Token, TokenKind

MAX_CHARS = 6_000  # the grammar's error recovery and the search for closing quotes are quadratic in it
KEYWORDS = frozenset(
    (
        *("begin", "break", "catch", "class", "clean", "continue", "data", "do", "dynamicparam", "else", "elseif"),
        *("end", "enum", "exit", "filter", "finally", "for", "foreach", "function", "if", "in", "param", "process"),
        *("return", "switch", "throw", "trap", "try", "until", "using", "while", "workflow"),
    )
)
_BEFORE_A_COMMAND = frozenset(
    ("(", "$(", "@(", "{", "@{", "}", ";", "|", "||", "&&", "&", ".", "=", "+=", "return", "throw", "exit", "in")
)

SINGLE = "'\u2018\u2019\u201a\u201b"  # PowerShell takes typographic quotes for plain ones
DOUBLE = '"\u201c\u201d\u201e'
_SPACE = r"[^\S\r\n]"
_SUBEXPRESSION = (  # what "$(...)" may hold: strings, and parentheses two deep; counted, to bound the work
    rf"\$\((?:[^(){SINGLE}{DOUBLE}]++|[{SINGLE}][^{SINGLE}]*+[{SINGLE}]|[{DOUBLE}][^{DOUBLE}]*+[{DOUBLE}]"
    r"|\((?:[^()]++|\([^()]*+\)){0,50}+\)){0,50}+\)"
)
_OPERATOR_WORD = (
    r"-(?:[ci]?(?:eq|ne|gt|ge|lt|le|like|notlike|match|notmatch|replace|contains|notcontains|in|notin|split)"
    r"|and|or|xor|not|band|bor|bxor|bnot|shl|shr|is|isnot|as|join|f)(?![\w-])"
)
TOKEN = re.compile(
    rf"""
    (?P<newline>\r\n|\r|\n)
    | (?P<space>(?:{_SPACE}|`(?:\r\n|[\r\n]|{_SPACE}))+)
    | (?P<comment>\#[^\r\n]*|<\#(?s:.*?)\#>)
    | (?P<string>
        @"{_SPACE}*(?=\r?\n)(?s:.*?)\n"@ | @'{_SPACE}*(?=\r?\n)(?s:.*?)\n'@
        | [{SINGLE}](?:[^{SINGLE}]|[{SINGLE}]{{2}})*+[{SINGLE}]
        | [{DOUBLE}](?:[^{DOUBLE}`$]|`(?s:.)|[{DOUBLE}]{{2}}|{_SUBEXPRESSION}|\$)*+[{DOUBLE}])
    | (?P<variable>\$\{{[^}}\r\n]*\}}|\$\w[\w?]*(?::(?!:)[\w?]+)?|\$[$?^]|@[^\W\d]\w*)
    | (?P<unclosed_string>[{SINGLE}{DOUBLE}][^\r\n]*)
    | (?P<unclosed_comment><\#[^\r\n]*)
    | (?P<unclosed_variable>\$\{{[^\r\n]*)
    | (?P<bracket>[$@]\(|@\{{|[()\[\]{{}}])
    | (?P<separator>[,;])
    | (?P<verbatim>--%(?=\s)[^\r\n|]*)
    | (?P<redirection>[1-6*]?>>?(?:&[12])?)
    | (?P<member>(?<=[\w)\]}}{SINGLE}{DOUBLE}]\.)[^\W\d]\w*|(?<=::)[^\W\d]\w*)
    | (?P<number>
        (?:0x[\da-f]+|\d+(?:\.(?!\.)\d*)?(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?)[dlsuyn]{{0,2}}(?:[kmgtp]b)?(?!\w))
    | (?P<parameter>(?<![\w)\]}}])(?!{_OPERATOR_WORD})--?[^\W\d][\w-]*:?)
    | (?P<word>
        (?:\w|`\S|(?<![\w)\]}}])(?:~|\.\.?)?(?:\\{{1,4}}+|/)(?=[^\W\d]|[.*])|\*(?=\.\w))
        (?:\w|`\S|\*|[-.:\\/+@\#~%]{{1,12}}(?=[\w`*]))*)
    | (?P<operator>{_OPERATOR_WORD}|\|\|?|&&?|\?\?=?|[-+*/%]?=|\+\+|--|\.\.|::|[-+*/%!.:?<~])
    | (?P<other>(?s:.))
    """,
    re.VERBOSE | re.IGNORECASE,
)
_KINDS = {
    "member": TokenKind.NAME,
    "verbatim": TokenKind.OTHER,
    "redirection": TokenKind.OPERATOR,
    "unclosed_string": TokenKind.STRING,
    "unclosed_comment": TokenKind.COMMENT,
    "unclosed_variable": TokenKind.VARIABLE,
}


def tokenize(code: str) -> list[Token]:
    """The tokens of ``code``, which joined give it back.

    FUNCTION is a bare word where a command may stand, PARAMETER ``-Name`` or ``--name``, TYPE a word behind
    ``[``, NAME any other bare word and a member. Operators such as ``-eq`` are OPERATOR even where a command
    has a parameter of that name. ``.`` and ``::`` are operators; ``,`` and ``;`` are separators. A string is
    one token; a quote without its partner runs to the end of its line. Text too long to be judged is one OTHER.
    """
    if len(code) > MAX_CHARS:
        return [Token(code, TokenKind.OTHER, 0)]
    tokens: list[Token] = []
    previous = Token("\n", TokenKind.NEWLINE, 0)
    command_next = True
    for match in TOKEN.finditer(code):
        group, text = match.lastgroup or "other", match.group()
        if group == "word":
            kind = _kind_of_word(text, code[match.end() : match.end() + 20].lstrip(), previous.text, command_next)
        elif command_next and text in ("%", "?"):
            kind = TokenKind.FUNCTION  # the aliases of ForEach-Object and Where-Object
        else:
            kind = _KINDS.get(group) or TokenKind(group)
        token = Token(text, kind, match.start())
        tokens.append(token)
        if kind in (TokenKind.SPACE, TokenKind.COMMENT):
            continue
        if text == "(":
            command_next = previous.kind not in (TokenKind.NAME, TokenKind.TYPE)
        elif kind is TokenKind.NEWLINE:
            command_next = previous.text != ","
        else:
            command_next = text.lower() in _BEFORE_A_COMMAND
        previous = token
    return tokens


def _kind_of_word(word: str, following: str, previous: str, command_next: bool) -> TokenKind:
    if previous == "[":
        return TokenKind.TYPE
    if following.startswith("=") and not following.startswith("=="):
        return TokenKind.NAME  # a key, a named argument, a variable that lost its sign
    lower = word.lower()
    if lower == "foreach" and previous == "|":
        return TokenKind.FUNCTION
    introduces = command_next or lower == "in" or previous in (")", "}") or following[:1] in ("(", "{")
    if lower in KEYWORDS and introduces:
        return TokenKind.KEYWORD
    return TokenKind.FUNCTION if command_next else TokenKind.NAME
