"""Type names, type constraints and attributes (specification, 2.3.6, 4 and 12; about_Type_Accelerators)."""

from __future__ import annotations

import re

from validators.powershell.parser.base import ParserBase
from validators.powershell.parser.nodes import Node
from validators.powershell.parser.tokens import SPACES, WORDS, Mode, Token

_ASSEMBLY = re.compile(r"[^\]\r\n]*")


class TypeName:
    """A type's name as written: its extent, its full text without blanks, and whether it may be an attribute."""

    __slots__ = ("arguments", "end", "name", "plain", "start", "token")

    def __init__(self, token: Token, name: str) -> None:
        self.start = token.start
        self.end = token.end
        self.name = name
        self.token = token
        self.plain = True  # neither generic nor an array
        self.arguments: list[TypeName] = []


class Types(ParserBase):
    """type_name, type_literal, attribute."""

    __slots__ = ()

    def type_name_token(self) -> Token | None:
        """Consumes the token of a simple type name, if one stands here."""
        self.resync(Mode.TYPE_NAME)
        return self.skip() if self.peek().flags == "TypeName" else None

    def type_name(self, *, bracketed: bool = False) -> TypeName | None:
        """type_name with its generic arguments and array dimensions (specification, 7.1.10)."""
        token = self.type_name_token()
        if token is None:
            return None
        name = TypeName(token, self.text[token.start : token.end])
        outer = self.deeper(8)
        while self.peek().kind == "LBracket":
            mark = self.mark()
            opening = self.skip()
            ahead = self.peek()
            if ahead.kind in ("RBracket", "Comma"):
                dimensions = "["
                while self.accept("Comma"):
                    dimensions += ","
                closing = self.peek()
                if closing.kind != "RBracket":
                    self.fail_after("EndSquareBracketExpectedAtEndOfType", "']' is missing behind the type.")
                self.skip()
                name.name += dimensions + "]"
                name.plain = False
                name.end = self.last
                continue
            if not name.plain:
                self.back(mark)
                break
            self.generic_arguments(name, opening)
        self.depth = outer
        if bracketed and self.peek().kind == "Comma":
            self._assembly(name)
        return name

    def generic_arguments(self, name: TypeName, opening: Token) -> None:
        """The types between the brackets of a generic one, the opening bracket being consumed."""
        names: list[str] = []
        while True:
            self.skip_newlines()
            bracket = self.accept("LBracket")
            if bracket:
                self.skip_newlines()
            argument = self.type_name(bracketed=bracket is not None)
            if argument is None:
                self.fail_after("MissingTypename", "A type's name is missing.")
            if bracket:
                self.skip_newlines()
                if not self.accept("RBracket"):
                    message = "']' is missing behind the type."
                    self.fail_after("EndSquareBracketExpectedAtEndOfType", message)
            name.arguments.append(argument)
            names.append(argument.name)
            self.skip_newlines()
            if not self.accept("Comma"):
                break
        if not self.accept("RBracket"):
            self.fail_after("EndSquareBracketExpectedAtEndOfType", "']' is missing behind the type's arguments.")
        name.plain = False
        name.name += f"[{','.join(names)}]"
        name.end = self.last

    def _assembly(self, name: TypeName) -> None:
        """``, Assembly`` behind a type's name."""
        self.skip()
        self.skip_newlines()
        token = self.peek()
        match = _ASSEMBLY.match(self.text, token.start, self.lexer.end)
        stop = match.end() if match else token.start
        while stop > token.start and self.text[stop - 1] in SPACES:
            stop -= 1
        if stop <= token.start:
            self.fail_after("MissingAssemblyNameSpecification", "The assembly's name is missing.")
        self.ahead = None
        self.lexer.position = stop
        assembly = Token("Identifier", token.start, stop)
        self.lexer.tokens.append(assembly)
        self.last = stop
        name.name += "," + self.text[token.start : stop]
        name.end = stop

    def attribute(self) -> Node:
        """A type literal or an attribute, from its opening bracket on: TypeConstraint or Attribute."""
        opening = self.skip()
        mode = self.lexer.mode
        self.use(Mode.TYPE_NAME)
        self.skip_newlines()
        name = self.type_name(bracketed=True)
        if name is None:
            self.fail_after("MissingTypename", "A type's name is missing behind '['.", opening.end)
        self.use(mode)
        self.resync(mode)
        ahead = self.peek()
        fields = {"TypeName": name.name}
        if ahead.kind == "LParen" and (name.plain or name.arguments):
            name.token.flags = "TypeName, AttributeName"
            self.skip()
            self.use(Mode.EXPRESSION)
            outer = self.deeper(8)
            positional, named, place = self.attribute_arguments()
            self.depth = outer
            self.use(mode)
            self.skip_newlines()
            if not self.accept("RParen"):
                message = "')' is missing behind the attribute's arguments."
                self.fail_after("MissingEndParenthesisInExpression", message, place)
            self.resync(mode)
            self.skip_newlines()
            if not self.accept("RBracket"):
                self.fail_after("EndSquareBracketExpectedAtEndOfAttribute", "']' is missing behind the attribute.")
            node = Node("Attribute", opening.start, self.last, fields)
            if positional:
                node.fields["PositionalArguments"] = positional
            if named:
                node.fields["NamedArguments"] = named
            return node
        if not self.accept("RBracket"):
            message = "']' is missing behind the type."
            self.fail_after("EndSquareBracketExpectedAtEndOfAttribute", message, ahead.start - 1)
        return Node("TypeConstraint", opening.start, self.last, fields)

    def attribute_arguments(self) -> tuple[list[Node], list[Node], int]:
        """attribute_arguments: positional ones, and named ones, in any order; and where ``)`` would be missing."""
        place = self.last
        comma: Token | None = None
        positional: list[Node] = []
        named: list[Node] = []
        seen: set[str] = set()
        while True:
            self.skip_newlines()
            token = self.peek()
            name = self._argument_name(token)
            if name is not None:
                named.append(self._named_argument(name))
                key = self.text[name.start : name.end].lower()
                if key in seen:
                    self.find("DuplicateNamedArgument", "The attribute has two arguments of this name.", named[-1])
                seen.add(key)
            else:
                argument = self.argument_expression()
                if argument is not None:
                    positional.append(argument)
                    place = argument.end
                elif comma is not None:
                    self.fail_after("MissingExpressionAfterToken", "An argument is missing behind ','.", comma.end)
            self.skip_newlines()
            comma = self.accept("Comma")
            if comma is None:
                return positional, named, place
            place = comma.end

    def _argument_name(self, token: Token) -> Token | None:
        """Consumes the name of a named argument, if one stands here."""
        if token.kind not in WORDS:
            return None
        before = self.use(Mode.SIGNATURE)
        name = self.lexer.name(token.start)
        self.use(before)
        if name is None or (name.end != token.end and self.text[name.end] != "="):
            self.lexer.position = token.end
            return None
        self.ahead = name
        return self.skip()

    def _named_argument(self, name: Token) -> Node:
        fields: dict[str, object] = {"ArgumentName": self.text[name.start : name.end]}
        self.skip_newlines()
        if self.peek().kind != "Equals":
            fields["Argument"] = Node("ConstantExpression", name.start, name.end, {"Value": True})
            fields["ExpressionOmitted"] = True
            return Node("NamedAttributeArgument", name.start, name.end, fields)
        self.skip()
        self.skip_newlines()
        value = self.argument_expression()
        if value is None:
            self.fail_after("MissingExpressionInNamedArgument", "The argument has no value behind '='.")
        fields["Argument"] = value
        return Node("NamedAttributeArgument", name.start, value.end, fields)
