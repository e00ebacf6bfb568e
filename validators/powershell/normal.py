"""The normal form of a PowerShell snippet: its syntax tree, written in one way only.

``gci -Path a`` is ``( command "get-childitem" ( -path "a" ) )``. Strings stand in JSON's quotes, signs in single ones.
What is taken away, and why, is told in `validators.powershell.equivalence`. Trees may be as deep as the code is long,
so nothing here is recursive.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from typing import TypeGuard

from validators.powershell.aliases import ALIASES
from validators.powershell.parser import Node, Token, parse
from validators.powershell.parser.tokens import DASHES, SINGLE_QUOTES
from validators.powershell.parser.tokens import DOUBLE_QUOTES as DOUBLE

# Parameters that take no value in any command that has them, by PowerShell's own rules for the names of parameters.
SWITCHES = frozenset(("-confirm", "-debug", "-force", "-passthru", "-recurse", "-verbose", "-whatif"))

Form = str | tuple["Form", ...]  # of a node: its text, strings as JSON; or its kind and the forms of what is below it
Part = tuple[str | None, Form]  # of a string: text, or the form of what is expanded in its place

_CMDLET = re.compile(r"(?:[\w.]+\\)?[a-z]+-[a-z]\w*|.*\.ps1")
_BRACED_VARIABLE = re.compile(r"\$\{([\w:]+)\}")
_VARIABLE = re.compile(r"[$@][\w:?^$]+")
_INSENSITIVE = re.compile(r"-i((?:not)?(?:like|match|contains|in)|eq|ne|gt|ge|lt|le|replace|split)", re.IGNORECASE)
_QUOTED = re.compile(  # in a word
    rf"(?P<single>[{SINGLE_QUOTES}](?:[^{SINGLE_QUOTES}]|[{SINGLE_QUOTES}]{{2}})*[{SINGLE_QUOTES}])"
    rf"|(?P<double>[{DOUBLE}](?:[^`{DOUBLE}]|`.|[{DOUBLE}]{{2}})*[{DOUBLE}])|`u\{{[0-9a-fA-F]{{1,6}}\}}|`.",
    re.DOTALL,
)
_LINE_BREAK = re.compile(r"\r\n?|\n")
_DASH = dict.fromkeys(map(ord, DASHES), "-")
_ESCAPE = re.compile(rf"`u\{{([0-9a-fA-F]{{1,6}})\}}|`(.)|[{DOUBLE}]([{DOUBLE}])", re.DOTALL)
_ESCAPES = {"0": "\0", "a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_REQUIRES = re.compile(r"#requires\b", re.IGNORECASE)
_BETWEEN_STATEMENTS = frozenset(("NewLine", "LineContinuation", "EndOfInput", "Semi"))


def normal_form(code: str) -> str:
    """The normal form of a snippet that the validator accepts.

    Raises:
        ValueError: the parser does not take ``code``.
    """
    parsed = parse(code)
    if parsed.tree is None or parsed.errors:
        raise ValueError("no normal form: the parser does not take the snippet")
    return _written(_Forms(code, parsed.tree, parsed.tokens).of[id(parsed.tree)])


class _Forms:
    """The forms of all nodes of a tree, made from the leaves up."""

    def __init__(self, code: str, root: Node, tokens: list[Token]) -> None:
        self.of: dict[int, Form] = {}  # id of a node: form
        self._code = code
        self._root = root
        self._tokens = sorted(_flat(tokens), key=lambda token: (token.start, -token.end))
        self._starts = [token.start for token in self._tokens]
        nodes = list(root.walk())
        self._functions = {
            str(node.fields["Name"]).lower().split(":")[-1] for node in nodes if node.kind == "FunctionDefinition"
        }
        self._members = {
            id(node.fields["Member"])
            for node in nodes
            if node.kind in ("MemberExpression", "InvokeMemberExpression") and isinstance(node.fields["Member"], Node)
        }
        for node in reversed(nodes):
            self.of[id(node)] = _RULES.get(node.kind, _Forms.generic)(self, node)

    def generic(self, node: Node) -> Form:
        """A node without a rule of its own: its kind around its signs and what is below it, or just that if it is one.

        Signs are the tokens that belong to nothing below the node, so that no difference of the text is lost.
        """
        children = sorted(node.children(), key=lambda child: (child.start, -child.end))
        if node is self._root:
            place, end = 0, len(self._code)
        else:
            place, end = node.start, node.end
        forms: list[Form] = []
        for child in children:
            if child.start >= place:  # what a cast has as its attribute is its type as well
                forms += self.signs(node, place, child.start)
                forms.append(self.of[id(child)])
                place = max(place, child.end)
        forms = [form for form in (*forms, *self.signs(node, place, end)) if form]
        return forms[0] if len(forms) == 1 else _form(node.kind, forms)

    def signs(self, node: Node, start: int, end: int) -> Iterator[str]:
        """The tokens between two places."""
        for index in range(bisect_left(self._starts, start), len(self._tokens)):
            token = self._tokens[index]
            if token.end > end:
                break
            if token.start < start or (token.kind in _BETWEEN_STATEMENTS and node.kind != "ForStatement"):
                continue
            start = token.end
            text = self._code[token.start : token.end]
            if text.isspace() or token.kind == "LineContinuation":
                continue
            if token.kind != "Comment" or _REQUIRES.match(text):
                yield "'" + _INSENSITIVE.sub(r"-\1", text.translate(_DASH)).lower() + "'"

    def number(self, node: Node) -> Form:
        return self.text(node).translate(_DASH).lower()

    def variable(self, node: Node) -> Form:
        name = _BRACED_VARIABLE.sub(r"$\1", self.text(node).lower())
        return name if _VARIABLE.fullmatch(name) else f"variable:{json.dumps(name)}"

    def array(self, node: Node) -> Form:
        return _form("array", (self.of[id(child)] for child in node.fields["Elements"]))

    def constant(self, node: Node) -> Form:
        """A string in which nothing expands; as a member's name its case does not count."""
        form = json.dumps(self.value(node))
        return f"member:{form.lower()}" if id(node) in self._members else form

    def value(self, node: Node) -> str:
        """What a string that is known before the snippet runs is."""
        text = self.text(node)
        match node.fields["StringConstantType"]:
            case "SingleQuoted":
                return _undoubled(_lines(text[1:-1]))
            case "DoubleQuoted":
                return _unescaped(text[1:-1], quotes=True)
            case "SingleQuotedHereString":
                return _lines(text[_inside(text)])
            case "DoubleQuotedHereString":
                return _unescaped(text[_inside(text)], quotes=False)
        return _unquoted(text)

    def expandable(self, node: Node) -> Form:
        """What is expanded in a string or in a word such as ``C:\\$name.txt``, with the text between."""
        kind = node.fields["StringConstantType"]
        place, end = node.start, node.end
        if kind == "DoubleQuotedHereString":
            inside = _inside(self.text(node))
            place, end = place + inside.start, place + inside.stop
        elif kind == "DoubleQuoted":
            place, end = place + 1, end - 1
        parts: list[Part] = []
        for child in sorted(node.fields["NestedExpressions"], key=lambda child: child.start):
            parts.append((self.between(kind, place, child.start), ""))
            parts.append((None, self.of[id(child)]))
            place = child.end
        parts.append((self.between(kind, place, end), ""))
        forms: list[Form] = ["expand"]
        for is_text, run in groupby(parts, key=lambda part: part[0] is not None):
            if not is_text:
                forms += [form for _, form in run]
            elif text := "".join(text or "" for text, _ in run):
                forms.append(json.dumps(text))
        return tuple(forms)

    def between(self, kind: str, start: int, end: int) -> str:
        """The text between what is expanded."""
        text = _lines(self._code[start:end])
        return _unquoted(text) if kind == "BareWord" else _unescaped(text, quotes=kind == "DoubleQuoted")

    def command(self, node: Node) -> Form:
        head, *elements = node.fields["CommandElements"]
        redirections = [self.of[id(redirection)] for redirection in node.fields.get("Redirections") or ()]
        name = self.value(head).lower() if head.kind == "StringConstantExpression" else None
        sign = {"Dot": "'.'", "Ampersand": "" if name is not None else "'&'"}
        operator = sign.get(node.fields["InvocationOperator"], "")
        if name is None:
            return _form("command", [operator, self.of[id(head)], *self.as_written(elements), *redirections])
        name = ALIASES.get(name, name)
        cmdlet = _CMDLET.fullmatch(name) or name in self._functions
        arguments = self.as_bound(elements) if cmdlet else self.as_written(elements)
        return _form("command", [operator, json.dumps(name), *arguments, *redirections])

    def as_bound(self, elements: list[Node]) -> list[Form]:
        """The elements of a command of PowerShell: named parameters in alphabetical order, then arguments."""
        named: list[Form] = []
        positional: list[Form] = []
        parameter = ""  # that may take the next argument
        for element in elements:
            form = self.of[id(element)]
            if element.kind == "CommandParameter":
                named.append(parameter)
                parameter = f"-{str(element.fields['ParameterName']).lower()}"
                argument = element.fields.get("Argument")
                if isinstance(argument, Node):
                    value = self.of[id(argument)]
                    of_switch = parameter in SWITCHES or value in ("$true", "$false")
                    named.append(_form(parameter + ":" * of_switch, [value]))
                    parameter = ""
            elif parameter and parameter not in SWITCHES:
                named.append(_form(parameter, [form]))
                parameter = ""
            else:
                positional.append(form)
        named.append(parameter)
        named.sort(key=_written)
        return [*named, *positional]

    def as_written(self, elements: list[Node]) -> list[Form]:
        """The elements of a command that may be a program: in their order, parameters and commas as they are."""
        forms: list[Form] = []
        before = ""
        for element in elements:
            text = self.text(element)
            exact = element.kind in ("CommandParameter", "ArrayLiteral") or before == "--%"
            forms.append(f"{element.kind}:{json.dumps(text)}" if exact else self.of[id(element)])
            before = text
        return forms

    def text(self, node: Node) -> str:
        """The code of a node."""
        return self._code[node.start : node.end]


_RULES: Mapping[str, Callable[[_Forms, Node], Form]] = {
    "ArrayLiteral": _Forms.array,
    "Command": _Forms.command,
    "ConstantExpression": _Forms.number,
    "ExpandableStringExpression": _Forms.expandable,
    "StringConstantExpression": _Forms.constant,
    "VariableExpression": _Forms.variable,
}


def _flat(tokens: Iterable[Token]) -> Iterator[Token]:
    """The tokens, and those inside them."""
    waiting = list(tokens)
    while waiting:
        token = waiting.pop()
        yield token
        waiting.extend(token.nested or ())


def _inside(here_string: str) -> slice:
    """The place of the lines between a here-string's first and its last."""
    breaks = list(_LINE_BREAK.finditer(here_string))
    return slice(breaks[0].end(), breaks[-1].start())


def _undoubled(text: str) -> str:
    return re.sub(f"[{SINGLE_QUOTES}]([{SINGLE_QUOTES}])", r"\1", text)


def _unquoted(word: str) -> str:
    """What a word means, in which parts may stand in quotes."""

    def meaning(match: re.Match[str]) -> str:
        if match["single"]:
            return _undoubled(match[0][1:-1])
        return _unescaped(match[0][1:-1] if match["double"] else match[0], quotes=bool(match["double"]))

    return _QUOTED.sub(meaning, word)


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
