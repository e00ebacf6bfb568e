"""Code as BIFI's anonymised words, and words back as code.

As in the authors' `utils/code_utils.py` strings, comments, line breaks and changes of indentation become placeholders,
brackets are not tracked and a dedent that meets no level is no error. Three things differ. Indentation that is
still open at the end is not closed by words. A string without its closing quote, which the authors skip, is a word of
its own, and closing brackets and separators at the end of its line stay outside it: so a lost quote is one edit. And
what is not edited comes back as it was, white space, strings and comments included, because our pairs are real code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

from validators import Language, Token, TokenKind

STRING, UNCLOSED, COMMENT = "<string>", "<unclosed>", "<comment>"
NEWLINE, INDENT, DEDENT = "<newline>", "<indent>", "<dedent>"
PLACEHOLDERS = (STRING, UNCLOSED, COMMENT, NEWLINE, INDENT, DEDENT)

_FILLERS = {STRING: '""', UNCLOSED: '"', COMMENT: "#", NEWLINE: "\n", INDENT: "    ", DEDENT: ""}
_PARTNER = {")": "(", "]": "[", "}": "{"}
_TIGHT_BEFORE = frozenset(")]},:;.")  # words that follow without a space
_TIGHT_AFTER = frozenset(("(", "[", "{", ".", "$(", "@("))
_QUOTES = "'\"\u2018\u2019\u201a\u201b\u201c\u201d\u201e"
_CLOSED_STRING = {
    "python": re.compile(
        r"[a-zA-Z]{0,2}(?:\"\"\"(?:\\.|(?!\"\"\")[^\\])*+\"\"\"|'''(?:\\.|(?!''')[^\\])*+'''"
        r"|\"(?:\\.|[^\\\"])*+\"|'(?:\\.|[^\\'])*+')",
        re.DOTALL,
    ),
    "powershell": re.compile(rf"@.*@|(?!@).+[{_QUOTES}]", re.DOTALL),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Masked:
    """A snippet as words, and what brings its text back."""

    words: tuple[str, ...]
    texts: tuple[str, ...]  # what each word stands for; of INDENT only what it adds
    gaps: tuple[str, ...]  # the white space before each word; before the first of a line its indentation
    head: str  # blank lines before the first word
    tail: str  # white space behind the last word

    def leads(self, index: int) -> bool:
        """Whether a word is the first of its line."""
        return index == 0 or self.words[index - 1] in (NEWLINE, INDENT, DEDENT)


def mask(language: Language, code: str) -> Masked | None:
    """The words of ``code``, tolerantly; names and numbers are kept. None where it is too long to be cut."""
    if len(code) > language.max_chars:
        return None
    words: list[tuple[str, str, str]] = []  # word, text, gap
    gap, breaks, head = "", "", ""
    widths, indents = [0], [""]
    for token in _split_unclosed(language, language.tokens(code)):
        match token.kind:
            case TokenKind.NEWLINE:
                breaks += gap + token.text
                gap = ""
                continue
            case TokenKind.SPACE | TokenKind.INDENT:
                gap += token.text
                continue
        first = bool(breaks) or not words
        if first and not words:
            head = breaks
        elif first:
            space = len(breaks) - len(breaks.lstrip(" \t\f"))
            words.append((NEWLINE, breaks[space:], breaks[:space]))
        if first and language.name == "python" and token.kind is not TokenKind.COMMENT:
            width = len(gap.expandtabs())
            while width < widths[-1]:
                widths.pop()
                indents.pop()
                words.append((DEDENT, "", ""))
            if width > widths[-1]:
                added = gap[len(indents[-1]) :] if gap.startswith(indents[-1]) else " " * (width - widths[-1])
                widths.append(width)
                indents.append(gap)
                words.append((INDENT, added, ""))
        words.append((_word(language, token), token.text, gap))
        gap, breaks = "", ""
    return Masked(
        words=tuple(word for word, _, _ in words), texts=tuple(text for _, text, _ in words),
        gaps=tuple(gap for _, _, gap in words), head=head, tail=breaks + gap,
    )  # fmt: skip


def _word(language: Language, token: Token) -> str:
    match token.kind:
        case TokenKind.STRING:
            return STRING if _CLOSED_STRING[language.name].fullmatch(token.text) else UNCLOSED
        case TokenKind.COMMENT:
            return COMMENT
    return token.text


def _split_unclosed(language: Language, tokens: Sequence[Token]) -> Iterator[Token]:
    """The tokens, with closing brackets and separators taken out of strings that end with their line for want of a
    quote; brackets that the string itself opens stay in it."""
    for token in tokens:
        if token.kind is not TokenKind.STRING or "\n" in token.text or _word(language, token) == STRING:
            yield token
            continue
        kept = token.text
        opening = _opening(kept)
        while len(kept) > len(opening) and (last := kept[-1]) in ")]},:; \t":
            if last in _PARTNER and kept.count(_PARTNER[last]) >= kept.count(last):
                break
            kept = kept[:-1]
        yield Token(kept, TokenKind.STRING, token.start)
        yield from language.tokens(token.text[len(kept) :])


def _opening(text: str) -> str:
    """The prefix and the quotes that open a string."""
    start = next((i for i, sign in enumerate(text) if sign in _QUOTES), 0)
    return text[: start + 3] if text[start : start + 3] in ('"""', "'''") else text[: start + 1]


def restore(language: Language, words: Sequence[str], original: Masked) -> str | None:
    """The text of ``words``, which are ``original``'s words with edits: what is not edited stays as it was.

    None where the words make no text: indentation that changes inside a line or below nothing, a word behind a comment.
    """
    sources, texts = _align(words, original)
    unit = next((t for w, t in zip(original.words, original.texts, strict=True) if w == INDENT), _FILLERS[INDENT])
    out = [original.head]
    indents = [""]
    opens = True  # whether a line opens here
    for j, (word, source) in enumerate(zip(words, sources, strict=True)):
        if word in (INDENT, DEDENT):
            if not opens or (word == DEDENT and len(indents) == 1):
                return None
            if word == DEDENT:
                indents.pop()
            else:
                indents.append(indents[-1] + (texts[j] if source is not None else unit))
            continue
        if opens:
            indent = _indentation(language, word, original, source, indents[-1])
            if language.name != "python":
                indents[-1] = indent  # for lines that are new
            out.append(indent)
        elif words[j - 1] == COMMENT and word != NEWLINE and texts[j - 1].startswith("#"):
            return None
        elif source is not None and sources[j - 1] == source - 1:
            out.append(original.gaps[source])
        else:
            gap = original.gaps[source] if source is not None and not original.leads(source) else ""
            if not gap or words[j - 1] in _TIGHT_AFTER:
                gap = _default_gap(words[j - 1], word)
            apart = gap or word == NEWLINE or words[j - 1] == UNCLOSED or not _merges(language, texts[j - 1], texts[j])
            out.append(gap if apart else " ")
        out.append(texts[j])
        opens = word == NEWLINE
    return "".join(out) + original.tail


def _indentation(language: Language, word: str, original: Masked, source: int | None, indent: str) -> str:
    """The white space before the first word of a line: the original's, unless the word was not first there, or stood
    at another level."""
    if source is None or not original.leads(source):
        return indent
    own = original.gaps[source]
    same_level = len(own.expandtabs()) == len(indent.expandtabs())
    return own if same_level or word == COMMENT or language.name != "python" else indent


def _default_gap(before: str, word: str) -> str:
    if word == NEWLINE or word in _TIGHT_BEFORE or before in _TIGHT_AFTER:
        return ""
    if word in ("(", "[") and (before.isidentifier() or before in (")", "]")):
        return ""
    return "  " if word == COMMENT else " "


def _merges(language: Language, before: str, text: str) -> bool:
    """Whether two texts side by side would be cut otherwise than between them."""
    tokens = language.tokens(before + text)
    return not tokens or tokens[0].text != before


def _align(words: Sequence[str], original: Masked) -> tuple[list[int | None], list[str]]:
    """For each word the original's word that it is, if any, and its text."""
    sources: list[int | None] = [None] * len(words)
    texts = [_FILLERS.get(word, word) for word in words]
    edits: list[tuple[int, int, int, int]] = []  # neighbouring edits as one
    if tuple(words) == original.words:
        return list(range(len(words))), list(original.texts)
    for op in Levenshtein.opcodes(original.words, words):
        if op.tag == "equal":
            for i, j in zip(range(op.src_start, op.src_end), range(op.dest_start, op.dest_end), strict=True):
                sources[j], texts[j] = i, original.texts[i]
        elif edits and edits[-1][1] == op.src_start and edits[-1][3] == op.dest_start:
            edits[-1] = (edits[-1][0], op.src_end, edits[-1][2], op.dest_end)
        else:
            edits.append((op.src_start, op.src_end, op.dest_start, op.dest_end))
    unused = [i for i in range(len(original.words)) if i not in set(sources)]
    for i0, i1, j0, j1 in edits:
        for j in range(j0, j1):
            if words[j] == STRING and UNCLOSED in original.words[i0:i1] and NEWLINE not in original.words[i0:i1]:
                texts[j] = _closed(original, i0, i1)
            elif words[j] in (STRING, UNCLOSED, COMMENT):
                wanted = STRING if words[j] == UNCLOSED else words[j]
                free = [i for i in unused if original.words[i] == wanted]
                if free:
                    _, i = min((abs(i - i0), i) for i in free)
                    unused.remove(i)
                    texts[j] = _unclosed(original.texts[i]) if words[j] == UNCLOSED else original.texts[i]
    return sources, texts


def _closed(original: Masked, start: int, end: int) -> str:
    """The string that was meant where some words of a line, one of them a lone quote, become one."""
    at = original.words.index(UNCLOSED, start, end)
    opening = _opening(original.texts[at])
    quotes = opening.lstrip("".join(c for c in opening if c not in _QUOTES))
    parts = [original.gaps[i] + original.texts[i] for i in range(start, end)]
    parts[0] = original.texts[start]
    if at == start:
        return "".join(parts) + quotes
    parts[at - start] = original.gaps[at] + original.texts[at][len(opening) :]
    return opening + "".join(parts) + quotes


def _unclosed(text: str) -> str:
    """A string that lost its closing quotes."""
    return text[:-3] if len(text) > 5 and text.endswith(('"""', "'''")) else text[:-1]
