"""Correct formulas of any shape, for hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st

EVERYTHING = """=IF(AND('Q1 data'!B2>=4,A1<>0,A3=2),SUM(B2:B9),LEFT("ok",2))"""
"""Each operator applies to it."""

CELLS = st.sampled_from(["A1", "$B$2", "C$30", "Sheet1!D4", "'Q1 data'!E5", "'It''s 2'!F6"])
RANGES = st.sampled_from(["A1:B9", "$C:$C", "2:4", "Data!A1:A3", "'Q1 data'!$B$2:C3", "Sales[[#This Row],[Net pay]]"])
CONSTANTS = st.sampled_from(
    ["0", "2.5", "1E3", "TRUE", '""', '"ok"', '"a ""b"", c"', "#N/A", "{1,2;3,4}", '{"x","y"}', "rate"]
)
SPACES = st.sampled_from(["", "", "", " "])


def _binary(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operators = st.sampled_from(["+", "-", "*", "/", "^", "&", "=", "<", ">", "<=", ">=", "<>"])
    return st.tuples(inner, SPACES, operators, SPACES, inner).map("".join)


def _call(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    functions = st.sampled_from(
        [("TODAY", 0), ("ABS", 1), ("SUM", 1), ("LEFT", 1), ("MOD", 2), ("round", 2), ("IF", 2), ("IF", 3), ("MAX", 4)]
    )
    return st.tuples(functions, st.lists(inner, min_size=4, max_size=4), st.sampled_from([",", ", ", " ,"])).map(
        lambda drawn: f"{drawn[0][0]}({drawn[2].join(drawn[1][: drawn[0][1]])})"
    )


def _lookup(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(RANGES, inner).map(lambda drawn: f"COUNTIF({drawn[0]},{drawn[1]})")


EXPRESSIONS: st.SearchStrategy[str] = st.recursive(
    CELLS | RANGES | CONSTANTS,
    lambda inner: (
        _binary(inner)
        | _call(inner)
        | _call(inner)
        | _lookup(inner)
        | inner.map("({})".format)
        | inner.map("-{}".format)
    ),
    max_leaves=8,
)
FORMULAS = EXPRESSIONS.map("={}".format)

FRAGMENTS = st.sampled_from(
    [
        "=",
        "SUM(",
        "IF (",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        ";",
        ":",
        '"',
        "'",
        "!",
        "A1",
        "B2:B9",
        "<>",
        ">=",
        " ",
        "x",
    ]
)
TEXTS = st.lists(FRAGMENTS, max_size=20).map("".join) | st.text(max_size=30)
"""Anything at all, mostly what looks like a formula."""
