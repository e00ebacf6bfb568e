"""Snippets of PowerShell: statements, cut from the syntax tree of scripts and of the code in Markdown."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from pipeline.corpus.building.excerpts import Excerpt, FileReason, Length, SkippedFileError, unindented
from validators import get_language
from validators.powershell.parser import Node, parse
from validators.powershell.parser.recovery import ERROR_STATEMENT, find_statements, inner_statements

FENCES = ("powershell", "pwsh", "azurepowershell")  # also as in azurepowershell-interactive

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_FENCE = re.compile(r"(?P<indent>[ \t]*)(?P<marks>`{3,}|~{3,})[ \t]*(?P<language>[A-Za-z0-9]*)")
_PROMPT = re.compile(r"[ \t]*PS(?:[ \t][^>\n]*)?>[ \t]?")
_CONTINUED = re.compile(r"[ \t]*>>[ \t]?")


def read_script(data: bytes, length: Length) -> Iterator[Excerpt]:
    """The snippets in a script or a module.

    Raises:
        SkippedFileError: binary, neither UTF-8 nor marked as UTF-16, or nothing in it parses.
    """
    yield from cut(decode(data), length)


def read_markdown(data: bytes, length: Length) -> Iterator[Excerpt]:
    """The snippets in the fenced code of a document that is marked as PowerShell; prompts and outputs are dropped.

    Raises:
        SkippedFileError: binary, or neither UTF-8 nor marked as UTF-16.
    """
    for code, line in blocks(decode(data)):
        try:
            for excerpt in cut(code, length):
                yield Excerpt(excerpt.code, line + (excerpt.line or 1) - 1)
        except SkippedFileError:
            yield Excerpt(code, line)


def decode(data: bytes) -> str:
    """Text of a file, with plain line feeds.

    Raises:
        SkippedFileError: it is no text, or of an encoding that only a guess could name.
    """
    mark, encoding = next((found for found in _MARKS if data.startswith(found[0])), (b"", "utf-8"))
    if encoding == "utf-8" and b"\0" in data:
        raise SkippedFileError(FileReason.BINARY)
    try:
        text = data[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        detail = f"not {encoding} at byte {error.start}" + ("" if mark else ", and no byte order mark")
        raise SkippedFileError(FileReason.ENCODING, detail) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def cut(text: str, length: Length) -> Iterator[Excerpt]:
    """A script in statements, in its order; what is too long or refused is cut from its inside.

    Statements with a mistake in them are left out, or given whole where nothing is inside.

    Raises:
        SkippedFileError: there is no statement between the mistakes.
    """
    language = get_language("powershell")
    statements = find_statements(text)
    if all(node.kind == ERROR_STATEMENT for node in statements) and parse(text).tree is None:
        raise SkippedFileError(FileReason.DOES_NOT_PARSE)
    line, place = 1, 0
    waiting = statements[::-1]
    while waiting:
        node = waiting.pop()
        inner = inner_statements(node)
        code = "" if inner and _is_large(node, text, length) else _text(node, text)
        if inner and not (code and not length.is_exceeded(language, code) and language.check(code).accepted):
            waiting += reversed(inner)
            continue
        if node.kind == ERROR_STATEMENT and language.check(code).accepted:
            continue  # cut off, or wrong only for what stands around it
        line, place = line + text.count("\n", place, node.start), node.start
        yield Excerpt(code, line)


def blocks(document: str) -> Iterator[tuple[str, int]]:
    """The blocks of PowerShell in Markdown with the numbers of their first lines; a command behind a prompt is one."""
    opened: re.Match[str] | None = None
    code: list[str] = []
    lines = document.split("\n")
    for number, line in enumerate(lines, 1):
        fence = _FENCE.match(line)
        if opened is None:
            opened, code = fence, []
        elif fence and fence["marks"].startswith(opened["marks"]) and line.strip() == fence["marks"]:
            if opened["language"].lower() in FENCES:
                yield from _commands(code, number - len(code))
            opened = None
        else:
            code.append(line.removeprefix(opened["indent"]))


def _commands(lines: list[str], first: int) -> Iterator[tuple[str, int]]:
    """A block as it is, or what stands behind its prompts."""
    prompts = [number for number, line in enumerate(lines) if _PROMPT.match(line)]
    if not prompts:
        yield "\n".join(lines), first
    for number in prompts:
        command = [_PROMPT.sub("", lines[number], count=1)]
        for line in lines[number + 1 :]:
            if not _CONTINUED.match(line):
                break
            command.append(_CONTINUED.sub("", line, count=1))
        yield "\n".join(command), first + number


def _text(node: Node, text: str) -> str:
    """A statement, its further lines without the indentation of the first."""
    code = text[node.start : node.end]
    if "\n" not in code:
        return code  # there may be many on one long line
    before = text[text.rfind("\n", 0, node.start) + 1 : node.start]
    indent = before[: len(before) - len(before.lstrip())]
    return unindented((indent + code).split("\n"))


def _is_large(node: Node, text: str, length: Length) -> bool:
    """Whether a statement is too long for certain; known without a look at its tokens."""
    size, lines = node.end - node.start, text.count("\n", node.start, node.end)
    return lines >= length.max_lines or size > 4 * length.max_chars  # it may be shorter without its indentation
