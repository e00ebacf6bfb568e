"""Classes and enumerations (about_Classes, about_Enum)."""

from __future__ import annotations

from validators.powershell.parser.functions import Functions
from validators.powershell.parser.nodes import Node
from validators.powershell.parser.tokens import KEYWORDS, Mode, Token

_UNDERLYING = frozenset(
    name
    for names in (
        "byte sbyte short ushort int uint long ulong int16 uint16 int32 uint32 int64 uint64",
        "system.byte system.sbyte system.int16 system.uint16 system.int32 system.uint32 system.int64 system.uint64",
    )
    for name in names.split()
)


class Classes(Functions):
    """class_statement, enum_statement and their members."""

    __slots__ = ()

    def _head(self, start: Token) -> dict[str, object]:
        """The name of a class or an enumeration, as the first of its fields."""
        self.skip_newlines()
        name = self.simple_name()
        if name is None:
            message = f"A name is missing behind {self.shown(start)}."
            self.fail_after("MissingNameAfterKeyword", message, start.end)
        return {"Name": self.text[name.start : name.end]}

    def class_statement(self, attributes: list[Node]) -> Node:
        """class_statement: a class with its base types and members."""
        start = self.keyword()
        fields = self._head(start)
        after = self.last
        self.skip_newlines()
        if self.peek().kind == "Colon":
            fields["BaseTypes"] = self._base_types()
            after = self.last
        self.skip_newlines()
        opening = self.accept("LCurly")
        if opening is None:
            self.fail_after("MissingTypeBody", "The class has no body.", after)
        outer = self.deeper(8)
        members: list[Node] = []
        self.skip_newlines()
        while True:
            member = self.class_member(fields["Name"])
            if member is None:
                break
            members.append(member)
            self.skip_newlines() if member.kind == "FunctionMember" else self.skip_newlines_and_semicolons()
        self.depth = outer
        if not self.accept("RCurly"):
            self.fail_after("MissingEndCurlyBrace", "'}' is missing behind the members of the class.", opening.end)
        names = frozenset(member.fields["Name"].lower() for member in members if member.kind == "PropertyMember")
        for member in members:
            if member.kind == "FunctionMember":
                member.fields["ClassProperties"] = names
        if members:
            fields["Members"] = members
        return self._type_definition("IsClass", attributes, start, fields)

    def _type_definition(self, flag: str, attributes: list[Node], start: Token, fields: dict[str, object]) -> Node:
        fields[flag] = True
        for attribute in attributes:
            self.findings.watch("type attribute", attribute)
        if attributes:
            fields["Attributes"] = attributes
        return Node("TypeDefinition", attributes[0].start if attributes else start.start, self.last, fields)

    def _base_types(self) -> list[Node]:
        """The types behind a class's or an enumeration's colon."""
        types: list[Node] = []
        sign = self.skip()
        while True:
            self.skip_newlines()
            name = self.type_name(bracketed=False)
            self.resync(Mode.EXPRESSION)
            if name is None:
                self.fail_after("TypeNameExpected", "A type's name is missing.", sign.end)
            types.append(Node("TypeConstraint", name.start, name.end, {"TypeName": name.name}))
            self.skip_newlines()
            comma = self.accept("Comma")
            if comma is None:
                return types
            sign = comma

    def class_member(self, class_name: object) -> Node | None:
        """A property or a method, with its attributes and modifiers; None where none begins."""
        attributes: list[Node] = []
        modifiers: dict[str, Token] = {}
        start: int | None = None
        typed: Node | None = None
        while True:
            token = self.peek()
            if start is None:
                start = token.start
            if token.kind == "LBracket":
                attribute = self.attribute()
                if attribute.kind == "TypeConstraint":
                    if typed is not None:
                        self.fail_at("TooManyTypes", "A member has one type.", attribute)
                    typed = attribute
                else:
                    attributes.append(attribute)
                self.skip_newlines()
                continue
            word = self.text[token.start : token.end].lower()
            if token.kind in ("Static", "Hidden") and not self._names_method(token):
                if word in modifiers:
                    self.fail_at("DuplicateQualifier", "The member has this modifier already.", token)
                modifiers[word] = self.keyword()
                self.skip_newlines()
                continue
            break
        fields: dict[str, object] = {}
        for attribute in attributes:
            self.findings.watch("property attribute", attribute)
        if attributes:
            fields["Attributes"] = attributes
        for word in modifiers:
            fields[f"Is{word.title()}"] = True
        if token.kind == "Variable":
            return self._property(start, typed, fields)
        name = self.simple_name()
        if name is not None:
            return self._method(start, name, typed, fields, class_name)
        if attributes or modifiers or typed:
            self.fail_after("IncompleteMemberDefinition", "The member has neither a variable nor a method's name.")
        return None

    def _names_method(self, token: Token) -> bool:
        return self.lexer.text.startswith("(", token.end)

    def _property(self, start: int, typed: Node | None, fields: dict[str, object]) -> Node:
        name = self.skip()
        fields["Name"] = self.text[name.start + 1 : name.end]
        if typed is not None:
            fields["PropertyType"] = typed
            if typed.fields["TypeName"].lower() == "void":
                self.find("TypeNotAllowedForProperty", "A property cannot be of the type void.", typed)
        end = name.end
        sign = self.accept_equals()
        if sign is not None:
            value = self.expression()
            if value is None:
                self.fail_after("MissingPropertyTerminator", "The property has no value behind '='.", name.end)
            fields["InitialValue"] = value
            end = value.end
        return Node("PropertyMember", start, self._property_end(end), fields)

    def _property_end(self, end: int) -> int:
        token = self.peek()
        if token.kind not in ("NewLine", "Semi", "RCurly", "EndOfInput"):
            message = "A line end or ';' is missing behind the member."
            self.fail_after("MissingPropertyTerminator", message, end)
        if token.kind in ("NewLine", "Semi"):
            self.skip()
        return token.end if token.kind == "Semi" else end

    def _method(
        self, start: int, name: Token, typed: Node | None, fields: dict[str, object], class_name: object
    ) -> Node:
        fields["Name"] = word = self.text[name.start : name.end]
        name.kind = KEYWORDS.get(word.lower(), "Identifier")
        if typed is not None:
            fields["ReturnType"] = typed
        constructor = str(fields["Name"]).lower() == str(class_name).lower()
        if constructor:
            fields["IsConstructor"] = True
        after = self.last
        self.skip_newlines()
        if not self.accept("LParen"):
            message = "'(' and the method's parameters are missing behind its name."
            self.fail_after("MissingMethodParameterList", message, after)
        parameters = self.parameter_list()
        self.check_parameters(parameters, of_method=True)
        if parameters:
            fields["Parameters"] = parameters
        after = self.last
        self.skip_newlines()
        base: Node | None = None
        if self.peek().kind == "Colon" and constructor:
            base = self._base_constructor_call()
            after = self.last
        self.skip_newlines()
        opening = self.accept("LCurly")
        if opening is None:
            self.fail_after("MissingFunctionBody", "The method has no body.", after)
        body = self.script_block(opening)
        self._check_body(body)
        if base is not None:
            body.fields["BaseConstructorCall"] = base
        fields["Body"] = body
        fields["NamePlace"] = name
        node = Node("FunctionMember", start, self.last, fields)
        self.findings.watch("method", node)
        if constructor and typed is not None:
            self.find("ConstructorCantHaveReturnType", "A constructor returns nothing.", typed)
        return node

    def _check_body(self, body: Node) -> None:
        for name, block in body.fields.items():
            if name == "ParamBlock":
                self.find("ParamBlockNotAllowedInMethod", "A method has its parameters behind its name.", block)
            elif not block.fields.get("Unnamed"):
                self.find("NamedBlockNotAllowedInMethod", "A method has no named blocks.", block)

    def _base_constructor_call(self) -> Node:
        sign = self.skip()
        self.skip_newlines()
        base = self.peek()
        if base.kind != "Base":
            self.fail_after("MissingBaseCtorCall", "A call of the base's constructor is missing behind ':'.", sign.end)
        self.keyword()
        self.skip_newlines()
        opening = self.accept("LParen")
        if opening is None:
            self.fail_after("MissingMethodParameterList", "The arguments of the base's constructor are missing.")
        arguments = self.argument_list(opening)
        fields: dict[str, object] = {"Arguments": arguments} if arguments else {}
        return Node("BaseCtorInvokeMemberExpression", base.start, self.last, fields)

    def enum_statement(self, attributes: list[Node]) -> Node:
        """enum_statement: an enumeration with its underlying type and members."""
        start = self.keyword()
        fields = self._head(start)
        after = self.last
        self.skip_newlines()
        sign = self.accept("Colon")
        if sign is not None:
            self.skip_newlines()
            underlying = self.type_name()
            self.resync(Mode.EXPRESSION)
            if underlying is None:
                self.fail_after("TypeNameExpected", "A type's name is missing.", sign.end)
            base = Node("TypeConstraint", underlying.start, underlying.end, {"TypeName": underlying.name})
            fields["BaseTypes"] = [base]
            if underlying.name.lower() not in _UNDERLYING:
                self.fail_at("InvalidUnderlyingType", "An enumeration's type is a type of integers.", base)
            after = self.last
        self.skip_newlines()
        opening = self.accept("LCurly")
        if opening is None:
            self.fail_after("MissingTypeBody", "The enumeration has no body.", after)
        members: list[Node] = []
        self.skip_newlines()
        while True:
            member = self.enum_member()
            if member is None:
                break
            members.append(member)
            self.skip_newlines_and_semicolons()
        if not self.accept("RCurly"):
            self.fail_after("MissingEndCurlyBrace", "'}' is missing behind the enumeration's members.", opening.end)
        if members:
            fields["Members"] = members
        return self._type_definition("IsEnum", attributes, start, fields)

    def enum_member(self) -> Node | None:
        """A name, with a value perhaps."""
        name = self.simple_name()
        if name is None:
            return None
        fields: dict[str, object] = {"Name": self.text[name.start : name.end]}
        end = name.end
        sign = self.accept_equals()
        if sign is not None:
            value = self.expression()
            if value is None:
                self.fail_after("ExpectedValueExpression", "The member has no value behind '='.", sign.end)
            fields["InitialValue"] = value
            end = value.end
        return Node("PropertyMember", name.start, self._property_end(end), fields)
