"""Excel formulas as structure tokens: what is a token, what a slot, and nothing lost on the way there and back."""

from __future__ import annotations

import pytest

from validators.excel.structure import BANK, structure, write


def spelt(tokens: tuple[str, ...]) -> str:
    """Tokens with spaces between them; the token that is a space is a dot."""
    return " ".join("·" if token == " " else token for token in tokens)


@pytest.mark.parametrize(
    ("code", "tokens", "slots"),
    [
        ('=IF(Cover!$B$40<>"",Cover!$B$40,"")', '= IF ( <T0> ! <R0> < > " " , <T0> ! <R0> , " " )',
         {"<T0>": "Cover", "<R0>": "$B$40"}),
        ("=SUM(A1:$B2)", "= SUM ( <R0> : <R1> )", {"<R0>": "A1", "<R1>": "$B2"}),
        ("=sum( A1 ,A1,a1)", "= SUM ( <R0> , <R0> , <R1> )", {"<R0>": "A1", "<R1>": "a1"}),  # a1 is another text
        ("=SUM(A:A,3:7,$C:D)", "= SUM ( <C0> : <C0> , <W0> : <W1> , <C1> : <C2> )",
         {"<C0>": "A", "<W0>": "3", "<W1>": "7", "<C1>": "$C", "<C2>": "D"}),
        ("=A1>=2", "= <R0> > = 2", {"<R0>": "A1"}),  # the characters of operators, as their mistakes are made
        ("=A1=>2", "= <R0> = > 2", {"<R0>": "A1"}),
        ("=-A1^2%", "= - <R0> ^ 2 %", {"<R0>": "A1"}),
        ("=0+1+2+3+0.5+10+1.5E-3+3", "= 0 + 1 + 2 + <N0> + <N1> + <N2> + <N3> + <N0>",
         {"<N0>": "3", "<N1>": "0.5", "<N2>": "10", "<N3>": "1.5E-3"}),
        ('=A1&"a b"&""&"a b"', '= <R0> & " <S0> " & " " & " <S0> "', {"<R0>": "A1", "<S0>": "a b"}),
        ('="say ""yes"""', '= " <S0> "', {"<S0>": 'say ""yes""'}),  # a doubled quote is of the body
        ('=""""', '= " <S0> "', {"<S0>": '""'}),
        ("='My Sheet'!A1+'It''s'!B2", "= ' <T0> ' ! <R0> + ' <T1> ' ! <R1>",
         {"<T0>": "My Sheet", "<R0>": "A1", "<T1>": "It''s", "<R1>": "B2"}),
        ("=[Book.xlsx]Jan!A1", "= <T0> ! <R0>", {"<T0>": "[Book.xlsx]Jan", "<R0>": "A1"}),
        ("=SUM(Jan:Mar!A1)", "= SUM ( <T0> ! <R0> )", {"<T0>": "Jan:Mar", "<R0>": "A1"}),
        ("=Data!A1:Data!B2", "= <T0> ! <R0> : <T0> ! <R1>", {"<T0>": "Data", "<R0>": "A1", "<R1>": "B2"}),
        ("=Costs*true", "= <V0> * TRUE", {"<V0>": "Costs"}),
        ("=LET(x,1,x*x)", "= LET ( <V0> , 1 , <V0> * <V0> )", {"<V0>": "x"}),
        ("=SUM(Sales[Total])", "= SUM ( <V0> [ <V1> ] )", {"<V0>": "Sales", "<V1>": "Total"}),
        ("=[@Price]*Sales[@[Unit Cost]]", "= [ @ <V0> ] * <V1> [ @ [ <V2> ] ]",
         {"<V0>": "Price", "<V1>": "Sales", "<V2>": "Unit Cost"}),
        ("=Sales[[#All],[a]:[b]]", "= <V0> [ [ <V1> ] , [ <V2> ] : [ <V3> ] ]",
         {"<V0>": "Sales", "<V1>": "#All", "<V2>": "a", "<V3>": "b"}),
        ("={1,2;3,4}", "= { 1 , 2 ; <N0> , <N1> }", {"<N0>": "3", "<N1>": "4"}),
        ("=IFERROR(#REF!,#N/A)", "= IFERROR ( #REF! , #N/A )", {}),
        ("=A1#+@B1", "= <R0> # + @ <R1>", {"<R0>": "A1", "<R1>": "B1"}),
        ("=SUM(A1:.B9)", "= SUM ( <R0> : . <R1> )", {"<R0>": "A1", "<R1>": "B9"}),
        # a space is a token between two operands alone, where it means the intersection
        ("=SUM(A1:B2 B1:C3)", "= SUM ( <R0> : <R1> · <R2> : <R3> )",
         {"<R0>": "A1", "<R1>": "B2", "<R2>": "B1", "<R3>": "C3"}),
        ("=A1 (B1)", "= <R0> · ( <R1> )", {"<R0>": "A1", "<R1>": "B1"}),
        ("=(A1)  Rate", "= ( <R0> ) · <V0>", {"<R0>": "A1", "<V0>": "Rate"}),
        ("=A1# B1#", "= <R0> # · <R1> #", {"<R0>": "A1", "<R1>": "B1"}),
        ("=SUM(A1 B1 ,2)", "= SUM ( <R0> · <R1> , 2 )", {"<R0>": "A1", "<R1>": "B1"}),
        ("= A1 + B1 % ", "= <R0> + <R1> %", {"<R0>": "A1", "<R1>": "B1"}),
        ('=IF(A1 = "x" , 1,2)', '= IF ( <R0> = " <S0> " , 1 , 2 )', {"<R0>": "A1", "<S0>": "x"}),
        ("=SUM (A1)", "= SUM ( <R0> )", {"<R0>": "A1"}),  # a call all the same
        ("=Costs (A1)", "= <V0> · ( <R0> )", {"<V0>": "Costs", "<R0>": "A1"}),
        ("=SUM(A1\n\t,B1)", "= SUM ( <R0> , <R1> )", {"<R0>": "A1", "<R1>": "B1"}),
        # broken ones
        ("=SUM(A1", "= SUM ( <R0>", {"<R0>": "A1"}),
        ("=SUM(A1;B1))", "= SUM ( <R0> ; <R1> ) )", {"<R0>": "A1", "<R1>": "B1"}),
        ("=$B$B+A$", "= <P0> + <P1>", {"<P0>": "$B$B", "<P1>": "A$"}),
        ('=IF(A1="x,SUM(B1),2)', '= IF ( <R0> = " <V0> , SUM ( <R1> ) , 2 )',
         {"<R0>": "A1", "<V0>": "x", "<R1>": "B1"}),  # no second quote: the tokens behind the first
        ('="a"b"', '= " <S0> " <V0> "', {"<S0>": "a", "<V0>": "b"}),
        ('=IF(A1="",1', '= IF ( <R0> = " " , 1', {"<R0>": "A1"}),
        ("='Sheet!A1", "= ' <T0> ! <R0>", {"<T0>": "Sheet", "<R0>": "A1"}),
        ("=''!A1", "= ' ' ! <R0>", {"<R0>": "A1"}),
        ("A1+?", "<R0> + ?", {"<R0>": "A1"}),
        ("", "", {}),
        ("  ", "", {}),
    ],
)  # fmt: skip
def test_a_formula_has_the_tokens_and_slots_that_one_would_write_down(
    code: str, tokens: str, slots: dict[str, str]
) -> None:
    found = structure(code)
    assert spelt(found.tokens) == tokens
    assert found.slots == slots


def test_functions_that_are_no_words_are_slots_and_others_stay() -> None:
    code = "=SUM(XLOOKUP(1,B1,C1),Mine(2),XLOOKUP(1,2,0))+if(TRUE,1,2)"
    assert spelt(structure(code, frozenset({"SUM", "IF"})).tokens) == (
        "= SUM ( <F0> ( 1 , <R0> , <R1> ) , <F1> ( 2 ) , <F0> ( 1 , 2 , 0 ) ) + IF ( TRUE , 1 , 2 )"
    )
    assert "MINE" in structure(code).tokens


@pytest.mark.parametrize(
    ("code", "written"),
    [
        ("= sum( A1 ,B2 )", "=SUM(A1,B2)"),
        ("=SUM (A1)", "=SUM(A1)"),
        ("=A1:B9  B1", "=A1:B9 B1"),
        ('= "a  b" & A1', '="a  b"&A1'),
        ('="A1" & "#N/A"', '="A1"&"#N/A"'),
        ("='x y'!A1", "='x y'!A1"),
        ("=A1# + 1", "=A1#+1"),
        ("=SUM(A1:.B9)", "=SUM(A1:.B9)"),
        ("=SUM(A1.:.B9)", "=SUM(A1.:.B9)"),
        ("=A1 <> .5", "=A1<>.5"),
        ("=(A1 1", "=(A1 1"),
    ],
)
def test_a_formula_is_written_without_spaces_but_for_those_that_mean_something(code: str, written: str) -> None:
    found = structure(code)
    assert write(found.tokens, found.slots) == written


def test_words_do_not_run_together_and_strings_hold_no_space_of_ours() -> None:
    assert write(["=", "<R0>", "<R1>", "AND", "1"], {"<R0>": "A1", "<R1>": "B1"}) == "=A1 B1 AND 1"
    assert write(["=", '"', "<S0>", "<V0>", '"'], {"<S0>": "a", "<V0>": "b"}) == '="ab"'
    assert write(["=", '"', "<S0>", '"', "<V0>", "<V1>"], {"<S0>": "a", "<V0>": "b", "<V1>": "c"}) == '="a"b c'


def test_a_slot_without_a_text_is_written_as_the_first_of_its_kind() -> None:
    tokens = ["=", "<F0>", "(", "<R0>", ",", "<N0>", ")", "+", "<V0>"]
    assert write(tokens, {"<N0>": "7"}) == f"=SUM(A2,7)+{BANK['V'][0]}"
