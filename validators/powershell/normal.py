"""The normal form of a PowerShell snippet: its syntax tree, written in one way only.

``gci -Path a`` is ``( command "get-childitem" ( -path "a" ) )``. Strings stand in JSON's quotes, signs in single ones.
What is taken away, and why, is told in `validators.powershell.equivalence`. Trees may be as deep as the code is long,
so nothing here is recursive.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from typing import TypeGuard

from tree_sitter import Node

from validators.powershell.aliases import ALIASES
from validators.powershell.grammar import parse
from validators.powershell.parser.tokens import DOUBLE_QUOTES as DOUBLE
from validators.powershell.parser.tokens import SINGLE_QUOTES as SINGLE

# Parameters that take no value in any command that has them, by PowerShell's own rules for the names of parameters.
SWITCHES = frozenset(("-confirm", "-debug", "-force", "-passthru", "-recurse", "-verbose", "-whatif"))

# PowerShell reads typographic quotes and dashes as plain ones, the grammar does not.
PLAIN = {
    ord(sign): plain for signs, plain in ((SINGLE, "'"), (DOUBLE, '"'), ("\u2013\u2014\u2015", "-")) for sign in signs
}

Form = str | tuple["Form", ...]  # of a node: its text, strings as JSON; or its kind and the forms of what is below it
Part = tuple[str | None, Form]  # of a string: text, or the form of what is expanded in its place

_CMDLET = re.compile(r"(?:[\w.]+\\)?[a-z]+-[a-z]\w*|.*\.ps1")
_PARAMETER = re.compile(r"-[\w?-]+")
_BRACED_VARIABLE = re.compile(r"\$\{([\w:]+)\}")
_VARIABLE = re.compile(r"[$@][\w:?^$]+")
_INSENSITIVE = re.compile(r"-i((?:not)?(?:like|match|contains|in)|eq|ne|gt|ge|lt|le|replace|split)", re.IGNORECASE)
_NUMBER = re.compile(
    r"[+-]?(?:0x[\da-f]+|0b[01]+|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)[dlsuyn]{0,2}(?:[kmgtp]b)?", re.IGNORECASE
)
_PLAIN_WORD = re.compile(r"[\w.*?~/\\%:+=!^-][\w.*?~/\\%:+=!^#@\[\]-]*")
_BETWEEN = re.compile(r"^(?:`?\s|[\ufeff\u2060\u200b])+|(?:`?\s|`$|[\ufeff\u2060\u200b])+$")
_ESCAPE = re.compile(rf"`u\{{([0-9a-fA-F]{{1,6}})\}}|`(.)|[{DOUBLE}]([{DOUBLE}])", re.DOTALL)
_ESCAPES = {"0": "\0", "a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}

_IGNORED = frozenset(("comment", "empty_statement", "command_argument_sep"))
_NUMBERS = frozenset(("decimal_integer_literal", "hexadecimal_integer_literal", "real_literal"))
_NAMES = frozenset(  # whose case PowerShell ignores
    (
        *("simple_name", "type_identifier", "command_parameter", "function_name", "label", "path_command_name_token"),
        *("class_attribute", "requires_keyword", "assembly_attribute_value"),
    )
)


def normal_form(code: str) -> str:
    """The normal form of a snippet that the validator accepts.

    Raises:
        ValueError: the grammar does not take ``code``.
    """
    root = parse(code.translate(PLAIN).encode())
    if isinstance(root, int) or root.has_error:
        raise ValueError("no normal form: the grammar does not take the snippet")
    return _written(_Forms(code, root).of[root.id])


class _Forms:
    """The forms of all nodes of a tree, made from the leaves up."""

    def __init__(self, code: str, root: Node) -> None:
        self.of: dict[int, Form] = {}  # node.id: form
        self.parts: dict[int, list[Part]] = {}  # of strings and plain words
        self._code = code
        # What was parsed has the same characters as the code, one for one, but not the same bytes.
        self._places: list[int] | None = None
        if not code.isascii():
            self._places = [n for n, sign in enumerate(code.translate(PLAIN)) for _ in sign.encode()] + [len(code)]

        nodes, waiting = [], [root]
        while waiting:
            node = waiting.pop()
            nodes.append((node, node.children))
            waiting.extend(nodes[-1][1])
        self._functions = {self.text(node).lower().split(":")[-1] for node, _ in nodes if node.type == "function_name"}
        for node, children in reversed(nodes):
            self.of[node.id] = _RULES.get(node.type, _Forms.generic)(self, node, children)

    def generic(self, node: Node, children: list[Node]) -> Form:
        """A node without a rule of its own: its type around what is below it, or just that if it is one thing."""
        if node.type in _IGNORED:
            return ""
        if not children and node.type != "program":
            return self.leaf(node)
        forms: list[Form] = []
        place = node.start_byte
        for child in children:
            forms.append(self.between(place, child.start_byte))
            if child.type != ";" or node.type == "for_statement":
                forms.append(self.of[child.id])
            place = child.end_byte
        forms = [form for form in (*forms, self.between(place, node.end_byte)) if form]
        return forms[0] if len(forms) == 1 else _form(node.type, forms)

    def leaf(self, node: Node) -> str:
        text = self.text(node)
        if not node.is_named:
            return "'" + _INSENSITIVE.sub(r"-\1", text.translate(PLAIN)).lower() + "'"
        if node.type in _NUMBERS:
            return text.lower()
        return f"{node.type}:{json.dumps(text.translate(PLAIN).lower() if node.type in _NAMES else text)}"

    def between(self, start: int, end: int) -> str:
        """What the grammar has no node for: space, or signs that are part of the code."""
        text = _BETWEEN.sub("", self.slice(start, end)) if start < end else ""
        return json.dumps(text.lower() if text.lower() in (".where", ".foreach") else text) if text else ""

    def variable(self, node: Node, children: list[Node]) -> Form:
        name = _BRACED_VARIABLE.sub(r"$\1", self.text(node).lower())
        return name if _VARIABLE.fullmatch(name) else f"variable:{json.dumps(name)}"

    def member(self, node: Node, children: list[Node]) -> Form:
        """The name of a member, which may stand in quotes."""
        if [child.type for child in children] == ["simple_name"]:
            return f"member:{json.dumps(self.text(node).lower())}"
        form = self.generic(node, children)
        return f"member:{form.lower()}" if _is_string(form) else form

    def key(self, node: Node, children: list[Node]) -> Form:
        """A key of a hash table: a word or an expression."""
        if [child.type for child in children] == ["simple_name"]:
            return json.dumps(self.text(node))
        return self.generic(node, children)

    def case(self, node: Node, children: list[Node]) -> Form:
        """What a clause of a switch statement stands for: a word or an expression."""
        if children:
            return self.generic(node, children)
        text = self.text(node)
        return "default" if text.lower() == "default" else json.dumps(text)

    def array(self, node: Node, children: list[Node]) -> Form:
        return _form("array", (self.of[child.id] for child in children if child.is_named))

    def word(self, node: Node, children: list[Node]) -> Form:
        """A bare argument: a string, unless PowerShell reads a number or more than its text in it."""
        text = self.text(node)
        if not _PLAIN_WORD.fullmatch(text):
            return f"word:{json.dumps(text)}"
        form = self.string(node, [(text, "")])
        return text.lower() if _NUMBER.fullmatch(text) else form

    def verbatim(self, node: Node, children: list[Node]) -> Form:
        text = _lines(self.text(node)[1:-1])
        return self.string(node, [(re.sub(f"[{SINGLE}]([{SINGLE}])", r"\1", text), "")])

    def verbatim_here(self, node: Node, children: list[Node]) -> Form:
        return self.string(node, [("\n".join(_lines(self.text(node)).split("\n")[1:-1]), "")])

    def expandable(self, node: Node, children: list[Node]) -> Form:
        """A string in double quotes or such a here-string. Nodes are what is expanded; its text has none."""
        data = node.text or b""
        here = node.type == "expandable_here_string_literal"
        place = node.start_byte + data.index(b"\n" if here else b'"') + 1
        end = node.start_byte + data.rindex(b"\n" if here else b'"')
        parts: list[Part] = []
        for child in children:
            if child.is_named:
                raw = child.text or b""  # with the line break before it, in a here-string
                start = child.start_byte + len(raw) - len(raw.lstrip())
                parts.append((_unescaped(self.slice(place, start), quotes=not here), ""))
                parts.append((None, self.of[child.id]))
                place = child.end_byte
        last = self.slice(place, end)
        parts.append((_unescaped(last.removesuffix("\r") if here else last, quotes=not here), ""))
        return self.string(node, parts)

    def concatenated(self, node: Node, children: list[Node]) -> Form:
        """An argument such as ``C:\\$name.txt`` is what it would be in double quotes, if it starts with no quote."""
        parts: list[Part] = []
        for child in children:
            if child.type in ("variable", "sub_expression"):
                parts.append((None, self.of[child.id]))
            elif child.id in self.parts:
                parts += self.parts[child.id]
            else:
                return self.generic(node, children)
        return self.string(node, parts)

    def string(self, node: Node, parts: list[Part]) -> Form:
        """A string: its text, or what is expanded in it with the text between."""
        self.parts[node.id] = parts
        forms: list[Form] = ["expand"]
        for is_text, run in groupby(parts, key=lambda part: part[0] is not None):
            if not is_text:
                forms += [form for _, form in run]
            elif text := "".join(text or "" for text, _ in run):
                forms.append(json.dumps(text))
        if all(text is not None for text, _ in parts):
            return forms[-1] if len(forms) > 1 else '""'
        return tuple(forms)

    def command(self, node: Node, children: list[Node]) -> Form:
        elements = children[-1].children if children[-1].type == "command_elements" else []
        head = [child for child in children if child.type not in ("command_elements", "comment")]
        name = self.name(head)
        if name is None:
            return _form("command", [*(self.of[child.id] for child in head), *self.as_written(elements)])
        operator = "'.'" if self.text(head[0]) == "." and len(head) > 1 else ""
        name = ALIASES.get(name, name)
        cmdlet = _CMDLET.fullmatch(name) or name in self._functions
        arguments = self.as_bound(elements) if cmdlet else self.as_written(elements)
        return _form("command", [operator, json.dumps(name), *arguments])

    def name(self, head: list[Node]) -> str | None:
        """A command's name in lower case; None where it is known only when the snippet runs."""
        node = head[-1]
        if node.type == "command_name_expr":
            form = self.of[node.id]
            if _is_string(form):
                return str(json.loads(form)).lower()
            node = node.children[0]
        if node.type != "command_name" or node.children:
            return None
        return self.text(node).translate(PLAIN).replace("`", "").strip().lower()

    def as_bound(self, elements: list[Node]) -> list[Form]:
        """The elements of a command of PowerShell: named parameters in alphabetical order, arguments, redirections."""
        named: list[Form] = []
        positional: list[Form] = []
        redirections: list[Form] = []
        parameter, colon = "", False  # that waits for its value, and whether it must have one
        for element in elements:
            form = self.of[element.id]
            if element.type == "command_argument_sep":
                colon = colon or ":" in self.text(element)
            elif element.type == "redirection":
                redirections.append(form)
            elif element.type == "command_parameter":
                named.append(parameter)
                text = self.text(element).translate(PLAIN)
                parameter, colon = text.lower() if _PARAMETER.fullmatch(text) else text, False
            elif parameter and (colon or parameter not in SWITCHES):
                of_switch = colon and (parameter in SWITCHES or form in ("$true", "$false"))
                named.append(_form(parameter + ":" * of_switch, [form]))
                parameter, colon = "", False
            else:
                positional.append(form)
        named.append(parameter)
        named.sort(key=_written)
        return [*named, *positional, *redirections]

    def as_written(self, elements: list[Node]) -> list[Form]:
        """The elements of a command that may be a program: in their order, parameters and commas as they are."""
        exact = ("command_parameter", "array_literal_expression", "bareword_argument_list", "command_argument_sep")
        return [
            f"{element.type}:{json.dumps(self.text(element))}" if element.type in exact else self.of[element.id]
            for element in elements
            if element.type != "command_argument_sep" or ":" in self.text(element)
        ]

    def text(self, node: Node) -> str:
        """The code of a node, without space around it."""
        return self.slice(node.start_byte, node.end_byte).strip()

    def slice(self, start: int, end: int) -> str:
        """The code between two places in what was parsed, in bytes."""
        places = self._places
        return self._code[start:end] if places is None else self._code[places[start] : places[end]]


_RULES: Mapping[str, Callable[[_Forms, Node, list[Node]], Form]] = {
    "array_literal_expression": _Forms.array,
    "bareword_argument_list": _Forms.array,
    "command": _Forms.command,
    "concatenated_command_argument": _Forms.concatenated,
    "expandable_bareword": _Forms.concatenated,
    "expandable_here_string_literal": _Forms.expandable,
    "expandable_string_literal": _Forms.expandable,
    "generic_token": _Forms.word,
    "key_expression": _Forms.key,
    "member_name": _Forms.member,
    "switch_clause_condition": _Forms.case,
    "variable": _Forms.variable,
    "verbatim_here_string_characters": _Forms.verbatim_here,
    "verbatim_string_characters": _Forms.verbatim,
}


def _form(kind: str, forms: Iterable[Form]) -> Form:
    return (kind, *(form for form in forms if form))


def _is_string(form: Form) -> TypeGuard[str]:
    return isinstance(form, str) and form.startswith('"')


def _written(form: Form) -> str:
    pieces: list[str] = []
    waiting: list[Form] = [form]
    while waiting:
        form = waiting.pop()
        if isinstance(form, str):
            pieces.append(form)
        else:
            waiting.append(")")
            waiting.extend(reversed(form))
            pieces.append("(")
    return " ".join(pieces)


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n")


def _unescaped(text: str, *, quotes: bool) -> str:
    """What text between double quotes means; ``quotes`` says that a doubled quote is one."""

    def meaning(match: re.Match[str]) -> str:
        code, escaped, quote = match.groups()
        if code:
            return chr(int(code, 16)) if int(code, 16) <= 0x10FFFF else match[0]
        if escaped:
            return _ESCAPES.get(escaped, escaped)
        return str(quote) if quotes else match[0]

    return _ESCAPE.sub(meaning, _lines(text))
