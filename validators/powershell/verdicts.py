"""What the parser's errors are in the terms that all languages share."""

from __future__ import annotations

import re
from collections.abc import Mapping

from validators.base import ErrorKind, Verdict
from validators.powershell.parser import ParseError

KINDS: Mapping[ErrorKind, str] = {
    ErrorKind.TOO_DEEP: "ScriptTooComplicated",
    ErrorKind.UNTERMINATED_STRING: (
        "TerminatorExpectedAtEndOfString|WhitespaceBeforeHereStringFooter|MissingTerminatorMultiLineComment"
        "|IncompleteString"
    ),
    ErrorKind.UNBALANCED: (
        "MissingEnd(CurlyBrace|Parenthesis|SquareBracket).*|EndSquareBracketExpected.*"
        "|IncompleteDollar(Subexpression|Variable)Reference"
    ),
    ErrorKind.BAD_LITERAL: (
        "BadNumericConstant|.*UnicodeEscapeSequence.*|OpenBraceNeedsToBeBackTickedInVariableName"
        "|(Empty|Invalid|InvalidBraced)VariableReference(WithDrive)?"
    ),
    ErrorKind.CONTEXT: (
        "(?!RedirectionNotSupported$).*NotSupported.*|.*Not(Allowed|Permitted).*|(?!Missing).*DataSection.*"
        "|ControlLeavingFinally|UsingMustBeAtStartOfScript|InvalidLeftHandSide|OperatorRequiresVariableOrProperty"
        "|ExpressionsMustBeFirstInPipeline|EmptyCatchNotLast|.*Method(HasReturn|MissingReturnValue|HasCodePathNotReturn)"
        "|ConstructorCantHaveReturnType|VariableNotLocal|OrderedAttributeOnlyOnHashLiteralNode"
        "|ReferenceNeedsToBe.*|BackgroundOperatorInPipelineChain|KeywordParameterReservedForFutureUse"
    ),
    ErrorKind.MISSING_TOKEN: (
        "(Missing|Expected|Empty).*|TypeNameExpected|IfStatementMissingCondition|ParameterRequiresArgument"
        "|IncompleteMemberDefinition|PipelineValueRequired"
    ),
    ErrorKind.UNEXPECTED_TOKEN: (
        "(Unexpected|Unrecognized).*|RedirectionNotSupported|Invalid(FunctionParameter|SwitchFlag|ForeachFlag)"
    ),
}
"""The kind of an error by its id, the first that fits; any other is `ErrorKind.OTHER`."""

_KINDS = tuple((kind, re.compile(pattern)) for kind, pattern in KINDS.items())


def verdict(code: str, error: ParseError) -> Verdict:
    """The rejection of ``code`` for its first error, whose message begins with PowerShell's id of it."""
    return Verdict.reject(code, error_kind(code, error), f"{error.id}: {error.message}", error.start)


def error_kind(code: str, error: ParseError) -> ErrorKind:
    """The kind of an error: by its id, but that an unexpected closing bracket is one that nothing opened."""
    if error.id == "UnexpectedToken" and code[error.start : error.start + 1] in (")", "]", "}"):
        return ErrorKind.UNBALANCED
    return next((kind for kind, ids in _KINDS if ids.fullmatch(error.id)), ErrorKind.OTHER)
