"""Laws of Excel's structure tokens: any text is covered, a correct formula comes back with the same meaning."""

from __future__ import annotations

import random
from collections.abc import Container

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from validators import TokenKind, get_language
from validators.diff import significant
from validators.excel.structure import BANK, fill, structure, write
from validators.structure import Structure, slot_kind

EXCEL = get_language("excel")
WORDS: list[Container[str] | None] = [None, frozenset({"SUM", "IF"}), frozenset()]

DOLLAR = st.sampled_from(["", "$"])
CELLS = st.builds("{}{}{}{}".format, DOLLAR, st.sampled_from(["A", "C", "ab", "XFD"]), DOLLAR, st.integers(1, 99))
RANGES = st.one_of(
    st.builds("{}:{}".format, CELLS, CELLS), st.sampled_from(["A:A", "$B:D", "3:7", "$1:$9", "A1:.B9", "A1#"])
)
SHEETS = st.sampled_from(["Data!", "'My sheet'!", "'It''s'!", "[1]Jan!", "Jan:Mar!", "'[a b.xlsx]x y'!"])
LEAVES = st.one_of(
    CELLS, RANGES, st.builds("{}{}".format, SHEETS, st.one_of(CELLS, RANGES)),
    st.sampled_from(["0", "1", "2", "17", "0.5", ".25", "1e5", "3.", "TRUE", "false", "#N/A", "#REF!"]),
    st.text('ab 0>="<,()!\'', max_size=6).map(lambda text: '"{}"'.format(text.replace('"', '""'))),
    st.sampled_from(["Costs", "Unit_Price", "été", "Sales[Total]", "Sales[[#All],[a b]]", "[@Cost]", "{1,2;3,\"a\"}"]),
)  # fmt: skip
SPACE = st.sampled_from(["", "", "", " ", "  ", "\n"])
OPERATORS = st.sampled_from(["+", "-", "*", "/", "^", "&", "=", "<>", "<", ">", "<=", ">="])


def _joined(*parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """The parts with space drawn anew between all of them."""
    spaced = [each for part in parts for each in (SPACE, part)][1:]
    return st.tuples(*spaced).map("".join)


FORMULAS = _joined(
    st.just("="),
    st.recursive(
        LEAVES,
        lambda inner: st.one_of(
            _joined(inner, OPERATORS, inner),
            _joined(st.just("-"), inner),
            _joined(inner, st.just("%")),
            _joined(st.just("("), inner, st.just(")")),
            _joined(st.sampled_from(["SUM", "max", "Concat"]), st.just("("), inner, st.just(","), inner, st.just(")")),
            _joined(st.just("IF("), inner, st.just(","), inner, st.just(","), inner, st.just(")")),
            st.builds("({}) ({})".format, RANGES, RANGES),
            st.builds("{} {}".format, RANGES, RANGES),
        ),
        max_leaves=8,
    ),
)  # fmt: skip

SNIPPETS = [
    '=IF(AND(A1>=10,B1<>""),VLOOKUP($D$4,Data!A:C,2,FALSE),"none")', "=SUMIFS(Sales[Total],Sales[Year],2024)/12",
    "=INDEX('Cost list'!$B$2:$B$99,MATCH(1,(A1:A9=\"x\")*(B1:B9=2),0))", '=TEXT(A1,"0.00 ""EUR""")&" of "&B1',
    "=SUM(A1:C9 B2:D4,Jan:Dec!E5)-{1,2;3,4}", "=LET(x,A1#,y,@B1,IFERROR(x/y,#N/A))", "=COUNTIF(C:C, \"<>\"&[@Key])%",
]  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A formula that lost, doubled or got some characters."""
    code: str = draw(st.sampled_from(SNIPPETS))
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(code)))
        inserted = draw(st.sampled_from([*"()[]{}\"'!:;,=<>$#@ .", "1", "a", "A1", "SUM(", "\n", code[place:][:3]]))
        code = code[:place] + inserted + code[place + draw(st.integers(0, 2)) :]
    return code


def check_stretches(code: str, found: Structure) -> None:
    """Every token is what stands in its stretch, stretches follow one another, and nothing but space is left out."""
    assert len(found.tokens) == len(found.starts) == len(found.ends)
    last = 0
    for token, start, end in zip(found.tokens, found.starts, found.ends, strict=True):
        assert last <= start < end <= len(code)
        assert code[last:start].strip(" \t\r\n") == ""
        stretch = code[start:end]
        if slot_kind(token) is not None:
            assert found.slots[token] == stretch
        else:
            assert token == stretch.upper() or (token == " " and stretch.strip(" \t\r\n") == "")
        last = end
    assert code[last:].strip(" \t\r\n") == ""
    assert {token for token in found.tokens if slot_kind(token)} == found.slots.keys()


@given(
    words=st.sampled_from(WORDS),
    code=st.one_of(st.text(max_size=40), st.text("=SUM(),:;\"'ab1 \n$#.{}[]<>-!é", max_size=40), damaged(), FORMULAS),
)
def test_any_text_is_covered_by_its_tokens(words: Container[str] | None, code: str) -> None:
    found = structure(code, words)
    check_stretches(code, found)
    assert isinstance(write(found.tokens, found.slots), str)
    assert not any(token.upper() != token for token in found.tokens if slot_kind(token) is None)


def test_text_beyond_the_longest_formula_and_quotes_in_quotes_are_no_trouble() -> None:
    for code in ("=" + "A1+" * 5_000, '="' * 500, "='" * 500, "=" + "(" * 9_000, '="a' + '"b' * 99, "\ud800\x00" * 50):
        check_stretches(code, structure(code))


@given(words=st.sampled_from(WORDS), code=FORMULAS)
def test_an_accepted_formula_comes_back_with_the_same_tokens_and_the_same_meaning(
    words: Container[str] | None, code: str
) -> None:
    assume(EXCEL.check(code).accepted)
    found = structure(code, words)
    written = write(found.tokens, found.slots)
    assert EXCEL.check(written).accepted, written
    again = structure(written, words)
    assert (again.tokens, again.slots) == (found.tokens, found.slots)
    assert write(again.tokens, again.slots) == written
    assert _meant(written) == _meant(code)


def _meant(code: str) -> list[tuple[TokenKind, str]]:
    """The language's own tokens; functions, truths and errors are the same in any case."""
    cased = (TokenKind.REFERENCE, TokenKind.SHEET, TokenKind.STRING)
    tokens = [
        (TokenKind.NAME if token.kind is TokenKind.FUNCTION else token.kind, token)
        for token in significant(EXCEL, code)
    ]  # a function before a space is a name to the lexer
    own = ("TRUE", "FALSE", "MAX", "CONCAT")
    return [
        (kind, t.text if kind in cased or (t.kind is TokenKind.NAME and t.text.upper() not in own) else t.text.upper())
        for kind, t in tokens
    ]


def _few(found: Structure) -> bool:
    """Whether the banks hold a text for each slot, whatever texts the slots before it took."""
    return len(found.slots) <= 4


@given(code=FORMULAS, seed=st.integers(0, 99))
def test_filled_slots_are_distinct_and_give_the_same_structure(code: str, seed: int) -> None:
    found = structure(code)
    assume(EXCEL.check(code).accepted and _few(found))
    filled = fill(found.tokens, random.Random(seed))
    assert filled.keys() == found.slots.keys()
    assert len(set(filled.values())) == len(filled) and not {*filled.values()} & {*found.tokens}
    written = write(found.tokens, filled)
    assert EXCEL.check(written).accepted, written
    assert structure(written) == Structure(found.tokens, *_places(written), filled)
    assert fill(found.tokens, random.Random(seed)) == filled


def _places(code: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    found = structure(code)
    return found.starts, found.ends


@pytest.mark.parametrize("kind", sorted(BANK))
def test_every_text_of_a_bank_is_used_before_one_comes_twice(kind: str) -> None:
    size = len(BANK[kind])
    assert len(set(BANK[kind])) == size
    tokens = [each for number in range(size + 1) for each in (f"<{kind}{number}>", ",")]
    filled = fill(tokens, random.Random(3))
    texts = [filled[f"<{kind}{number}>"] for number in range(size + 1)]
    assert set(texts[:size]) == set(BANK[kind])
    assert texts[size] in BANK[kind]


def test_texts_of_a_bank_are_what_their_slot_says() -> None:
    for kind, texts in BANK.items():
        for text in texts:
            code = {
                "C": f"=SUM({text}:{text})", "W": f"=SUM({text}:{text})", "T": f"={text}!A1", "S": f'="{text}"',
                "F": f"={text}(A1)", "N": f"={text}", "R": f"={text}", "V": f"={text}", "P": f"={text}",
            }[kind]  # fmt: skip
            found = structure(code, frozenset())
            assert found.slots[f"<{kind}0>"] == text, code
            assert EXCEL.check(code).accepted == (kind != "P"), code


@pytest.mark.parametrize("seed", range(20))
def test_settled_slots_keep_their_texts_and_no_other_slot_gets_them(seed: int) -> None:
    tokens = structure("=T(A1,B1,C1)+7+8").tokens
    settled = {"<R1>": "Z9", "<N0>": "100"}
    filled = fill(tokens, random.Random(seed), settled)
    assert filled.keys() == {"<R0>", "<R1>", "<R2>", "<N0>", "<N1>"}
    assert (filled["<R1>"], filled["<N0>"]) == ("Z9", "100")
    assert filled["<N1>"] != "100"


def test_the_second_end_of_a_range_lies_below_the_first_in_its_column() -> None:
    tokens = structure("=SUM(A1:B2)").tokens
    seen = set()
    for seed in range(200):
        filled = fill(tokens, random.Random(seed))
        top, bottom = (filled[slot] for slot in ("<R0>", "<R1>"))
        letters = top.rstrip("0123456789")
        row = int(top.removeprefix(letters))
        assert bottom.startswith(letters) and int(bottom.removeprefix(letters)) > row
        seen.add((top, bottom))
    assert len(seen) > 50
    assert fill(tokens, random.Random(0), {"<R0>": "XFD7"})["<R1>"] in {f"XFD{7 + n}" for n in (3, 8, 9, 18, 98)}


def test_another_bank_comes_first_where_it_has_the_kind() -> None:
    tokens = structure("=Costs+7").tokens
    for seed in range(10):
        filled = fill(tokens, random.Random(seed), None, {"V": ["Mine"]})
        assert filled["<V0>"] == "Mine" and filled["<N0>"] in BANK["N"]
