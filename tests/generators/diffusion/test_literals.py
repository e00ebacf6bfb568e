"""Delexicalising and shifting: literals change, structure does not."""

from __future__ import annotations

import keyword
import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from generators.diffusion.literals import aligned, common_words, delexicalise, restored, shift_rows, shrunk
from validators import Language, TokenKind, get_language
from validators.diff import token_diff

EXCEL, PYTHON, POWERSHELL = (get_language(name) for name in ("excel", "python", "powershell"))
NOBODY = frozenset[str]()

EXCEL_SNIPPETS = (
    '=SUMIF(A1:A500,">100",$B$1:$B$500)', "=VLOOKUP(\"ab c\",'My Sheet'!$A$1:$XFD$1048576,2,FALSE)", "=A:A+1:5",
    "=LET(price,AB12,tax,0.05,price*tax)", '=INDIRECT("A"&1)', "=Table1[Column]*2", "=[Book.xlsx]Sheet1!A1",
    "={1,2;3,4}", "=LAMBDA(x,x+1)(2)", '=COUNTIF(A1:A3,"<>")', '=TEXT(A1,"a""b")', "=A1:INDEX(B1:B200,3)",
    '=IF(A1="","",B1)', "=1.5E+10", "= 1 + 2 ", "=_xlfn.XLOOKUP(A1,B:B,C:C)", "=-A1^2%", "=TRUE",
)  # fmt: skip
PYTHON_SNIPPETS = (
    'def read(path, mode="r"):  # opens\n    # more\n\n    with open(path, mode) as f:\n        return f.read()\n',
    'class Cat(Animal):\n    """Purrs.\n\n    A lot.\n    """\n\n    def purr(me):\n        print(f"{me!r}", 1_000)',
    'table = {"alpha": 0x1F, "beta": 2.75, "gamma": 1e5, \'delta\': 3j}', "names = [n.lower() for n in people if n]",
    "match command:\n    case 'go':\n        pass\n    case _:\n        pass",
    "@cached(128)\nasync def main(): await go()",
    "for i in range(1000):\n\tif i:\n\t\tcontinue", 'text = r"\\d+" \'\'\'a\n\nb\'\'\'',
    "value = lambda key: (yield)", "try:\n    import module\nexcept ImportError as error:\n    raise Exit from error",
)  # fmt: skip
POWERSHELL_SNIPPETS = (
    "Get-ChildItem -Path $home -Recurse | Where-Object { $_.Length -gt 10MB } | Sort-Object Length",
    'foreach ($file in $files) {\n    # note\n    Copy-Item $file.FullName -Destination "$dest\\$($file.Name)"\n}',
    '$text = @"\nhello $name\nline\n"@\nWrite-Output $text', "$text = @'\n\n'@", "Get-Item -Path:$x -Force:$false",
    "if ($a -eq 1) { \"one\" } elseif ($a -ne 2000) { 'two' } else { $null }", '[System.IO.File]::ReadAllText("x.txt")',
    '$table = @{ Alpha = 1; "Beta" = 2 }', '$env:PATH -split ";"', "<# block\ncomment #>\nGet-Date",
    "try { Stop-Service -Name foo } catch [System.Exception] { throw } finally { }", "1..5 | ForEach-Object { $_ * 2 }",
)  # fmt: skip
SNIPPETS = (
    [(EXCEL, code) for code in EXCEL_SNIPPETS]
    + [(PYTHON, code) for code in PYTHON_SNIPPETS]
    + [(POWERSHELL, code) for code in POWERSHELL_SNIPPETS]
)
LAYOUT = {TokenKind.SPACE, TokenKind.NEWLINE, TokenKind.COMMENT}
FIXED = {TokenKind.BRACKET, TokenKind.OPERATOR, TokenKind.SEPARATOR, TokenKind.KEYWORD, TokenKind.INDENT}


def structure(language: Language, code: str) -> list[tuple[TokenKind, str]]:
    """The kinds of all tokens, and the texts of those that delexicalising must leave alone."""
    tokens = [token for token in language.tokens(code) if token.kind not in LAYOUT]
    return [(token.kind, token.text.expandtabs(4) if token.kind in FIXED else "") for token in tokens]


@pytest.mark.parametrize(("language", "code"), SNIPPETS)
def test_delexicalised_code_is_accepted_and_keeps_its_structure(language: Language, code: str) -> None:
    assert language.check(code).accepted
    known = frozenset({"TRUE", "FALSE"})
    short = delexicalise(language, code, known)
    assert language.check(short).accepted, short
    assert structure(language, short) == structure(language, code)


@pytest.mark.parametrize(("language", "code"), SNIPPETS)
def test_known_words_stay_as_they_are(language: Language, code: str) -> None:
    kinds = {TokenKind.FUNCTION, TokenKind.VARIABLE, TokenKind.PARAMETER, TokenKind.TYPE}
    if language is not EXCEL:  # its names are defined by one workbook: always renamed
        kinds.add(TokenKind.NAME)
    words = [token.text for token in language.tokens(code) if token.kind in kinds]
    kept = delexicalise(language, code, frozenset(words))
    assert [token.text for token in language.tokens(kept) if token.kind in kinds] == words


def test_truth_is_no_name_of_a_workbook() -> None:
    code = "=IF(A1,TRUE,FALSE)"
    assert delexicalise(EXCEL, code, frozenset({"TRUE", "FALSE"})) == code


def test_literals_shrink() -> None:
    code = '=SUMIF(A1:AB523,">100",Prices!$C$7)+VLOOKUP("ab c",D12,1234.567)'
    short = delexicalise(EXCEL, code, NOBODY)
    assert re.fullmatch(
        r'=SUMIF\(A1:B28,">0",Sheet[123]!\$C\$7\)\+VLOOKUP\("(Yes|No|x|text|A|0)",D12,1000?\.5\)', short
    ), short


def test_comments_and_blank_lines_go() -> None:
    code = "x = 1  # one\n\n# two\ny = 2\n"
    known = frozenset({"x", "y"})
    assert delexicalise(PYTHON, code, known) == "x = 1\ny = 2"


DOLLAR = st.sampled_from(["", "$"])
CELLS = st.builds("{}{}{}{}".format, DOLLAR, st.sampled_from("ABCXZ"), DOLLAR, st.integers(1, 99))
NUMBERS_AND_REFERENCES = st.one_of(
    CELLS, st.builds("{}:{}".format, CELLS, CELLS), st.sampled_from(["A:A", "3:7", "AB123", "$C$1048576"]),
    st.integers(0, 99_999).map(str), st.decimals(0, 999, places=2).map(str),
)  # fmt: skip
WORDS = st.one_of(
    st.builds("Sheet{}!{}".format, st.integers(1, 4), CELLS),
    st.text("abc 0>=<", max_size=5).map('"{}"'.format),
    st.sampled_from(["Rate", "Total", "Costs", "Price"]),
)


def formulas(leaves: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Nested formulas over the given leaves."""
    expressions = st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds("{}{}{}".format, inner, st.sampled_from(["+", "-", "*", "&", "=", "<>", ">="]), inner),
            st.builds("SUM({},{})".format, inner, inner),
            st.builds("IF({},{},{})".format, inner, inner, inner),
            st.builds("({})".format, inner),
        ),
        max_leaves=6,
    )
    return expressions.map("={}".format)


FORMULAS = formulas(st.one_of(NUMBERS_AND_REFERENCES, WORDS))


@given(FORMULAS)
def test_any_accepted_formula_stays_accepted_with_its_structure(code: str) -> None:
    assume(EXCEL.check(code).accepted)
    short = delexicalise(EXCEL, code, NOBODY)
    assert EXCEL.check(short).accepted, short
    assert structure(EXCEL, short) == structure(EXCEL, code)


@given(formulas(NUMBERS_AND_REFERENCES))
def test_numbers_and_references_are_shortened_once_and_for_all(code: str) -> None:
    once = delexicalise(EXCEL, code, NOBODY)
    assert delexicalise(EXCEL, once, NOBODY) == once


def pattern(words: list[str]) -> list[int]:
    """Which words are equal to which, whatever they are."""
    return [words.index(word) for word in words]


IDENTIFIERS = st.from_regex(r"[a-z]{2,8}", fullmatch=True).filter(
    lambda word: not keyword.iskeyword(word) and not keyword.issoftkeyword(word)
)


@given(st.lists(IDENTIFIERS, min_size=1, max_size=12, unique=True), st.data())
def test_python_names_stay_distinct_while_the_bank_lasts(names: list[str], data: st.DataObject) -> None:
    used = data.draw(st.lists(st.sampled_from(names), min_size=1, max_size=20))
    code = delexicalise(PYTHON, "[" + ", ".join(used) + "]", NOBODY)
    assert pattern(code[1:-1].split(", ")) == pattern(used)


@given(st.lists(IDENTIFIERS.map("${}".format), min_size=1, max_size=8, unique=True), st.data())
def test_powershell_variables_stay_distinct_while_the_bank_lasts(names: list[str], data: st.DataObject) -> None:
    assume(not any(name in ("$this", "$null", "$true", "$false") for name in names))
    used = data.draw(st.lists(st.sampled_from(names), min_size=1, max_size=20))
    code = delexicalise(POWERSHELL, " + ".join(used), NOBODY)
    assert pattern(code.split(" + ")) == pattern(used)


@given(st.lists(st.sampled_from(["Costs", "Rate", "Price", "Total"]), min_size=1, max_size=8))
def test_excel_names_stay_distinct_while_the_bank_lasts(used: list[str]) -> None:
    code = delexicalise(EXCEL, "=" + "+".join(used), NOBODY)
    assert pattern(code[1:].split("+")) == pattern(used)


@given(st.lists(st.sampled_from(["one", "two", "three", "four"]), min_size=1, max_size=8))
def test_equal_strings_stay_equal_and_others_distinct(used: list[str]) -> None:
    code = delexicalise(EXCEL, "=" + "&".join(f'"{word}"' for word in used), NOBODY)
    assert pattern(code[1:].split("&")) == pattern(used)


@given(st.lists(IDENTIFIERS, min_size=13, max_size=30, unique=True))
def test_more_names_than_the_bank_holds_still_give_code(names: list[str]) -> None:
    code = delexicalise(PYTHON, " + ".join(names), NOBODY)
    assert PYTHON.check(code).accepted
    assert len(set(code.split(" + "))) == 12


def test_common_words_are_counted_once_a_snippet() -> None:
    snippets = ["a(b, b, b)", "a(c)", "a(é)", "d = é"]
    assert common_words(PYTHON, snippets, 2) == {"a"}
    assert common_words(PYTHON, snippets, 1) == {"a", "b", "c", "d"}  # words outside of ASCII never


def rows(code: str) -> list[int]:
    """The rows of all references of a formula."""
    references = [token.text for token in EXCEL.tokens(code) if token.kind is TokenKind.REFERENCE]
    return [int(match[0]) for text in references if (match := re.search(r"\d+$", text))]


@given(FORMULAS, st.floats(0, 1, exclude_max=True))
def test_shifted_rows_keep_their_differences_and_stay_within_1_to_99(code: str, share: float) -> None:
    shifted = shift_rows(EXCEL, code, share)
    before, after = rows(code), rows(shifted)
    assert [row - after[0] for row in after] == [row - before[0] for row in before]
    assert shifted == code if max(before, default=0) > 99 else all(1 <= row <= 99 for row in after)
    assert EXCEL.check(shifted).accepted == EXCEL.check(code).accepted
    assert structure(EXCEL, shifted) == structure(EXCEL, code)


@given(FORMULAS, st.floats(0, 1, exclude_max=True))
def test_a_shift_changes_nothing_but_rows(code: str, share: float) -> None:
    shifted = shift_rows(EXCEL, code, share)
    pairs = list(zip(EXCEL.tokens(code), EXCEL.tokens(shifted), strict=True))
    for left, right in pairs:
        assert left.kind is right.kind
        if left.kind is TokenKind.REFERENCE:
            assert left.text.rstrip("0123456789") == right.text.rstrip("0123456789")
        else:
            assert left.text == right.text


def test_the_share_reaches_every_possible_shift() -> None:
    shifted = {shift_rows(EXCEL, "=SUM(A3:$B$12)*4", share / 1000) for share in range(1000)}
    assert shifted == {f"=SUM(A{row}:$B${row + 9})*4" for row in range(1, 91)}


@pytest.mark.parametrize("code", ["=1+2", "=SUM(A:B)", "=A100", "=A1:A1048576"])
def test_formulas_without_rows_or_beyond_99_are_left_alone(code: str) -> None:
    assert shift_rows(EXCEL, code, 0.7) == code


@pytest.mark.parametrize(("language", "code"), [s for s in SNIPPETS if s[0] is not EXCEL])
def test_only_formulas_have_rows(language: Language, code: str) -> None:
    assert shift_rows(language, code, 0.7) == code


@pytest.mark.parametrize("criterion", ["<>", ">", ">="])
def test_a_criterion_without_a_value_stays_as_it_is(criterion: str) -> None:
    code = f'=COUNTIF(A1:A9,"{criterion}")'
    assert delexicalise(EXCEL, code, frozenset()) == code


def test_inequality_is_not_cut_in_two() -> None:
    assert delexicalise(EXCEL, '=COUNTIF(A1:A9,"<>closed")', frozenset()) == '=COUNTIF(A1:A9,"<>0")'


def test_a_known_name_of_another_workbook_does_not_block_the_bank() -> None:
    assert delexicalise(EXCEL, "=Rate*2", frozenset({"Rate"})) == delexicalise(EXCEL, "=Rate*2", frozenset())


@pytest.mark.parametrize(("language", "code"), SNIPPETS)
def test_what_was_shrunk_is_restored_to_the_letter(language: Language, code: str) -> None:
    source = shrunk(language, code, NOBODY)
    assert restored(language, source, "".join(text for _, text in source)) == code


@given(code=st.text(alphabet="=SUM(),:;\"'ab1 \n$#.{}[]<>-", max_size=40))
@pytest.mark.parametrize("language", [EXCEL, PYTHON, POWERSHELL], ids=lambda language: language.name)
def test_restoring_never_fails_and_loses_nothing_where_tokens_stay(language: Language, code: str) -> None:
    source = shrunk(language, code, NOBODY)
    text = "".join(short for _, short in source)
    assume([t.text for t in language.tokens(text)] == [short for _, short in source if short])
    assert restored(language, source, text) == code


@pytest.mark.parametrize(
    ("language", "broken", "model", "fixed"),
    [
        (EXCEL, '=IF(AB600="hello","",', '=IF(A1="x","","")', '=IF(AB600="hello","","")'),
        (EXCEL, "=SUM( AB1:AC200;Rate)", "=SUM( C3:D4,Data)", "=SUM( AB1:AC200,Rate)"),
        (EXCEL, "=WORKDAY(L400-2)", "=WORKDAY(L4,-2)", "=WORKDAY(L400,-2)"),
        (PYTHON, "print 'a long text' # why", "print('x')", "print('a long text') # why"),
        (PYTHON, "def read(path:\n\n\treturn path\n", "def f(x):\n    return x", "def read(path):\n\n\treturn path\n"),
        (POWERSHELL, "Copy-Thing $from -Path:$to)", "Get-Item $x -Name:$name", "Copy-Thing $from -Path:$to"),
    ],
)
def test_a_repair_keeps_the_literals_names_and_comments(
    language: Language, broken: str, model: str, fixed: str
) -> None:
    assert restored(language, shrunk(language, broken, frozenset({"print"})), model) == fixed


def test_a_literal_that_a_model_adds_is_one_of_the_snippet_where_it_can_be() -> None:
    source = shrunk(PYTHON, "total = price +", NOBODY)
    short = {token.text: text for token, text in source}
    model = f"{short['total']} = {short['price']} + {short['price']}"
    assert restored(PYTHON, source, model) == "total = price + price"


@pytest.mark.parametrize(
    ("language", "broken", "fixed", "result"),
    [
        (EXCEL, '=IF(B29="text",MMULT(B17:B29),"Yes")', '=IF(C2="Yes",SUM(D1:D9),"No")',
         '=IF(C2="Yes",MMULT(D1:D9),"No")'),  # a function is structure
        (EXCEL, '=IF(F22=0,"0,F24/(F29)', '=IF(A1=5,"9",B1/C1)', '=IF(A1=5,"0,F24/(F29)'),  # a string without its end
        (EXCEL, "=VLOOKUP(Sheet3!$12,13:$K$32,5)", "=VLOOKUP(Sheet1!B7,K13:$K$32,2)",
         "=VLOOKUP(Sheet1!$12,13:$K$32,2)"),  # no cells
        (EXCEL, "=SUM(A:A Rate*TRUE", "=SUM(B:B,Tax*FALSE)", "=SUM(B:B Tax*TRUE"),
        (PYTHON, "def f(x:\n    return g(x, 'a', \"b\")", "def read(path):\n    return open(path, 'r', 'b')",
         "def read(path:\n    return open(path, 'r', \"b\")"),  # quotes are structure
        (PYTHON, "for i on range(10):\n  pass", "for k in range(3):\n    pass", "for k on range(3):\n  pass"),
        (PYTHON, "match x:\n    case _:\n        y", "if a:\n    b", "match a:\n    case _:\n        b"),
        (POWERSHELL, "Get-Item -Path $x | where { $_.Size -gt 10", "Set-Item -Name $file | where { $a.Length -gt 500 }",
         "Get-Item -Path $file | where { $a.Length -gt 500"),
        (POWERSHELL, "foo 'a' \"b", "bar 'long' \"c\"", "foo 'long' \"b"),
    ],
)  # fmt: skip
def test_alignment_copies_literals_and_names_and_leaves_structure(
    language: Language, broken: str, fixed: str, result: str
) -> None:
    assert aligned(language, broken, fixed) == result


def test_a_copy_that_would_run_together_with_its_neighbour_is_not_made() -> None:
    assert aligned(EXCEL, "=1.2.3", "=7+A1") == "=1.2.3"  # 7.3 would be one number


def kinds(language: Language, code: str) -> list[TokenKind]:
    """Of all tokens; what Python calls is a name like any other."""
    name = {TokenKind.FUNCTION: TokenKind.NAME} if language is PYTHON else {}
    return [name.get(token.kind, token.kind) for token in language.tokens(code)]


@st.composite
def damaged(draw: st.DrawFn) -> tuple[Language, str, str]:
    """A snippet and what became of another one in the same language that lost, doubled or swapped some characters."""
    language, fixed = draw(st.sampled_from(SNIPPETS))
    broken = draw(st.sampled_from([code for other, code in SNIPPETS if other is language]))
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(broken)))
        inserted = draw(st.sampled_from(["", "", "(", ")", '"', "'", "1", "a", " ", "$", ".", ",", "-", "\n"]))
        broken = broken[:place] + inserted + broken[place + draw(st.integers(0, 2)) :]
    return language, broken, fixed


@given(damaged())
def test_alignment_comes_nearer_keeps_the_kinds_and_is_done_once_and_for_all(case: tuple[Language, str, str]) -> None:
    language, broken, fixed = case
    result = aligned(language, broken, fixed)
    assert token_diff(language, result, fixed).distance <= token_diff(language, broken, fixed).distance
    assert kinds(language, result) == kinds(language, broken)
    assert aligned(language, result, fixed) == result
    assert aligned(language, broken, broken) == broken


@given(broken=st.text("=SUM(),:;\"'ab1 \n$#.{}[]<>-", max_size=40), fixed=st.text("=ab1$\"'. \n", max_size=20))
@pytest.mark.parametrize("language", [EXCEL, PYTHON, POWERSHELL], ids=lambda language: language.name)
def test_alignment_of_any_texts_comes_nearer(language: Language, broken: str, fixed: str) -> None:
    result = aligned(language, broken, fixed)
    assert token_diff(language, result, fixed).distance <= token_diff(language, broken, fixed).distance
    assert aligned(language, result, fixed) == result
