"""The seventeen operators, in the paper's order."""

from __future__ import annotations

from generators.flame.arguments import ChangeNumberOfArguments, SpaceBetweenFunctionAndArguments, SwapArguments
from generators.flame.base import Operator
from generators.flame.brackets_and_symbols import (
    AddCommaOrRemoveParenthesis,
    AddOperatorAtTheEnd,
    AddParentheses,
    AddRandomOperator,
    CorruptUnreliableTokens,
)
from generators.flame.comparisons import (
    InequalityNoise,
    InvalidEquality,
    SpaceInsideRelationalOperator,
    SwapRelationalOperatorCharacters,
)
from generators.flame.ranges import MalformedRange, WrongRange
from generators.flame.sheets_and_strings import MalformedSheetName, MalformedStrings, RemoveExclamationMark

OPERATORS: tuple[Operator, ...] = (
    WrongRange(),
    MalformedRange(),
    SpaceBetweenFunctionAndArguments(),
    ChangeNumberOfArguments(),
    SwapArguments(),
    SpaceInsideRelationalOperator(),
    SwapRelationalOperatorCharacters(),
    InequalityNoise(),
    InvalidEquality(),
    MalformedSheetName(),
    RemoveExclamationMark(),
    MalformedStrings(),
    AddCommaOrRemoveParenthesis(),
    AddRandomOperator(),
    AddOperatorAtTheEnd(),
    AddParentheses(),
    CorruptUnreliableTokens(),
)
NAMES = tuple(operator.name for operator in OPERATORS)
