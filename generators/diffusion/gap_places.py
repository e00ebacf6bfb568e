"""Where gaps open in a broken snippet, and what of a long snippet the model is shown beside one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from generators.diffusion.gaps import Canvas
from generators.diffusion.text.source import Source
from validators import ErrorKind, Verdict
from validators.structure import slot_kind

WHOLE = ("excel",)  # languages whose parsers often see a mistake far from where it was made: every place is tried
_UNBALANCED = (ErrorKind.UNBALANCED, ErrorKind.UNTERMINATED_STRING)
_BRACKETS = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True, slots=True)
class Gap:
    """``removed`` tokens from ``first`` on are taken out and ``opened`` places opened there."""

    first: int
    removed: int
    opened: int


def gaps(source: Source, verdict: Verdict, *, removed: int, opened: int, near: int) -> Iterator[Gap]:
    """Every gap of at most this many tokens at a place where the mistake may be, from left to right."""
    length = len(source.tokens)
    for first in places(source, verdict, near):
        for out in range(min(removed, length - first) + 1):
            yield from (Gap(first, out, come) for come in range(opened + 1) if out or come)


def places(source: Source, verdict: Verdict, near: int) -> list[int]:
    """The tokens before which the mistake may be, rising; the number of tokens stands for the end.

    All of them in the languages of `WHOLE`. Else those on the line that the verdict names and up to ``near`` tokens
    beside it. Where brackets or quotes do not balance it begins with the line of the outermost open bracket and ends
    with the next line, and the beginnings of all lines before and the ends of all lines behind are tried as well:
    CPython names the bracket that is never closed, or the one that nothing opened, and its partner may be on any line.
    """
    tokens = source.tokens
    if source.vocabulary.language in WHOLE or verdict.offset is None:
        return list(range(len(tokens) + 1))
    error = source.index(verdict.offset)
    unbalanced = verdict.kind in _UNBALANCED
    start = _line_start(tokens, _outermost_open(tokens, error) if unbalanced else error)
    end = _line_end(tokens, error)
    if unbalanced:
        end = _line_end(tokens, end + 1)
    found = set(range(max(0, start - near), min(len(tokens), end + near) + 1))
    if unbalanced:
        found |= {0} | {i + 1 for i in range(start) if _is_break(tokens[i])}
        found |= {i for i in range(end, len(tokens)) if _is_break(tokens[i])} | {len(tokens)}
    return sorted(found)


def _is_break(token: str) -> bool:
    return token.startswith("\n")


def _line_start(tokens: Sequence[str], index: int) -> int:
    """The break that opens the line of a token; of a break, the line that it ends."""
    return next((i for i in range(min(index, len(tokens)) - 1, -1, -1) if _is_break(tokens[i])), 0)


def _line_end(tokens: Sequence[str], index: int) -> int:
    return next((i for i in range(index, len(tokens)) if _is_break(tokens[i])), len(tokens))


def _outermost_open(tokens: Sequence[str], index: int) -> int:
    """The first bracket that is still open at a token; the token itself where none is."""
    open_: list[int] = []
    for i, token in enumerate(tokens[:index]):
        if token in _BRACKETS.values():
            open_.append(i)
        elif token in _BRACKETS and open_ and tokens[open_[-1]] == _BRACKETS[token]:
            open_.pop()
    return open_[0] if open_ else index


@dataclass(frozen=True, slots=True)
class View:
    """A gap as the model is shown it: the canvas, and what its tokens are called in the snippet."""

    canvas: Canvas
    names: Mapping[str, str] = field(default_factory=dict)  # slots that the snippet numbers differently
    shifts: Mapping[str, int] = field(default_factory=dict)  # by kind: slots of the snippet that are not shown
    indentation: int = 0  # of the snippet's lines beyond that of the shown ones, in characters

    def named(self, token: str) -> str:
        """A token that the model put into the gap, as the snippet calls it."""
        if token in self.names:
            return self.names[token]
        if _is_break(token):
            return "\n" + " " * self.indentation + token[1:]
        kind = slot_kind(token)
        if kind is not None and kind in self.shifts:
            return f"<{kind}{int(token[2:-1]) + self.shifts[kind]}>"
        return token


def view(source: Source, gap: Gap, max_ids: int) -> View:
    """The gap in the whole snippet, or, where that is longer than ``max_ids``, in the lines around it.

    The part is numbered and indented as if it stood alone, as what the model was trained on does.
    """
    room = max_ids - gap.opened + gap.removed
    if len(source.tokens) <= room:
        return View(Canvas.cut(source.ids, gap.first, gap.removed, gap.opened))
    start, end = _window(source.tokens, gap, room)
    shown = source.tokens[start:end]
    called = _numbered(shown)
    before = source.tokens[start - 1] if start else "\n"  # where no line begins, what is shown continues one
    indentation = min(len(token) - 1 if _is_break(token) else 0 for token in [before, *filter(_is_break, shown)])
    part = [called.get(t, "\n" + t[1 + indentation :] if _is_break(t) else t) for t in shown]
    everywhere, here = _slots(source.tokens), _slots(shown)
    return View(
        Canvas.cut(source.vocabulary.ids(part), gap.first - start, gap.removed, gap.opened),
        {new: old for old, new in called.items()},
        {kind: everywhere[kind] - here[kind] for kind in everywhere},
        indentation,
    )


def _slots(tokens: Sequence[str]) -> Counter[str]:
    """How many slots there are of each kind."""
    return Counter(kind for token in set(tokens) if (kind := slot_kind(token)))


def _window(tokens: Sequence[str], gap: Gap, room: int) -> tuple[int, int]:
    """A stretch of at most ``room`` tokens around a gap: whole lines if the gap's own line fits, else as centred."""
    start, end = _line_start(tokens, gap.first), _line_end(tokens, gap.first + gap.removed)
    if end - start > room:
        middle = gap.first + gap.removed // 2
        start = min(max(0, middle - room // 2), len(tokens) - room)
        return start, start + room
    grown = True
    while grown:
        grown = False
        if start and end - (more := _line_start(tokens, start)) <= room:
            start, grown = more, True
        if end < len(tokens) and (more := _line_end(tokens, end + 1)) - start <= room:
            end, grown = more, True
    if start < gap.first and _is_break(tokens[start]):
        start += 1  # a snippet does not begin with a break
    return start, end


def _numbered(tokens: Sequence[str]) -> dict[str, str]:
    """What each slot of tokens is called if the slots of a kind are numbered by first occurrence."""
    called: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for token in tokens:
        kind = slot_kind(token)
        if kind is not None and token not in called:
            called[token] = f"<{kind}{counts[kind]}>"
            counts[kind] += 1
    return called
