"""Gaps as repair operators, with models that give one answer to everything, and with random ones."""

from __future__ import annotations

from dataclasses import replace

import pytest

from generators.diffusion.checkpoint import Checkpoint
from generators.diffusion.gap_ranking import GapCandidate, Ranking, ranking_of
from generators.diffusion.gap_repair import GapOperator, GapOptions, NoSlotsError
from generators.diffusion.text.lexemes import SnippetTokenizer
from tests.generators.diffusion.tiny import FORMULAS, PROGRAMS, tiny_checkpoint
from validators import get_language
from validators.diff import token_diff

EXCEL, PYTHON = get_language("excel"), get_language("python")
QUICK = GapOptions(steps=0, precision="fp32", removed=1, opened=2, followed=1)
BROKEN = ["=SUM( $A$1:B7", "=IF(A1>7,,", "=A1++*B7", "=MAX(A1;B7)", "=ROUND(A1/B7,2))"]


def candidates(checkpoint: Checkpoint, code: str, options: GapOptions = QUICK, seed: int = 0) -> list[GapCandidate]:
    [found] = GapOperator(checkpoint, options).candidates([code], seed)
    return found


@pytest.fixture(scope="module")
def closing() -> Checkpoint:
    """A model that closes a bracket wherever a gap is."""
    return tiny_checkpoint(answer=")")


def test_what_the_model_puts_into_gaps_is_found_and_counted(closing: Checkpoint) -> None:
    code = "=SUM(MAX($A$100 , C4,2)"
    found = {c.text: c for c in candidates(closing, code, replace(QUICK, rounds=1))}
    assert (found["=SUM(MAX($A$100 , C4),2)"].distance, found["=SUM(MAX($A$100 , C4),2)"].votes) == (1, 1)
    found = {c.text: c for c in candidates(closing, "=SUM(MAX($A$100 , C4)", replace(QUICK, rounds=1))}
    assert found["=SUM(MAX($A$100 , C4))"].votes == 3  # a gap before the last bracket, one behind it, two for it
    assert all(EXCEL.check(text).accepted for text in found)


def test_a_gap_that_nothing_is_put_into_counts_as_well(closing: Checkpoint) -> None:
    best = candidates(closing, "=MAX(A1,B7))")[0]
    assert (best.text, best.distance) == ("=MAX(A1,B7)", 1)
    assert best.votes == 1  # either bracket left out shows the same canvas


def test_everything_beside_an_edit_comes_back_byte_for_byte() -> None:
    code = "def f( a,b ) :   # one\n\n    # two\n    return (a  + b\n# three\nx  =  1\n"
    found = candidates(tiny_checkpoint("python", answer=")", max_tokens=64), code)
    assert code.replace("a  + b", "a  + b)") in [c.text for c in found]
    assert all(PYTHON.check(c.text).accepted for c in found)


def test_where_one_gap_is_not_enough_a_second_opens_where_the_error_moved_to_the_right(closing: Checkpoint) -> None:
    code, fixed = "=MAX(A1))+MIN(B7)*", "=MAX(A1)+MIN(B7)"  # no edit in one place is enough
    two = {c.text: c for c in candidates(closing, code, replace(QUICK, opened=1, followed=3))}
    assert two[fixed].distance == 2
    for options in (replace(QUICK, opened=1, rounds=1), replace(QUICK, opened=1, followed=0)):
        assert fixed not in {c.text for c in candidates(closing, code, options)}


@pytest.mark.parametrize(
    ("code", "fixed"),
    [
        ('=IF(A1>7,"Yes,"No")', '=IF(A1>7,"Yes","No")'),  # a closing quote
        ('=IF(A1>7,Yes","No")', '=IF(A1>7,"Yes","No")'),  # an opening quote
        ('=IF(A1>7,"Yes"," No)', '=IF(A1>7,"Yes"," No")'),
        ('=SUM(A1:B7","<0)', '=SUM(A1:B7,"<0")'),  # a quote in the wrong place
        ("=IF(A1> = 7,1,2)", "=IF(A1>=7,1,2)"),  # spaces alone
    ],
)
def test_what_needs_no_model_is_found_beside_its_gaps(closing: Checkpoint, code: str, fixed: str) -> None:
    assert fixed in [c.text for c in candidates(closing, code)]


def test_the_candidates_are_ranked_and_their_confidences_are_shares(closing: Checkpoint) -> None:
    for code in BROKEN:
        found = candidates(closing, code)
        assert len({c.text for c in found}) == len(found)
        assert [c.confidence for c in found] == sorted((c.confidence for c in found), reverse=True)
        if found:
            assert sum(c.confidence for c in found) == pytest.approx(1)
        assert all(EXCEL.check(c.text).accepted for c in found)
        assert all(c.distance == token_diff(EXCEL, code, c.text).distance for c in found)


def test_candidates_do_not_depend_on_what_is_repaired_beside() -> None:
    checkpoint = tiny_checkpoint()
    operator = GapOperator(checkpoint, QUICK, tile=8)
    codes = BROKEN[:3]
    together = dict(zip(codes, operator.candidates(codes, 5), strict=True))
    assert any(together.values())
    for code in reversed(codes):
        assert list(operator.candidates([code], 5)) == [together[code]]
    other = dict(zip(codes, operator.candidates(codes, 6), strict=True))
    assert other != together


def test_a_program_that_is_longer_than_the_model_is_repaired_line_by_line() -> None:
    checkpoint = tiny_checkpoint("python", answer=")", max_tokens=16)
    code = "".join(f"if a{i}:\n    b{i} = c{i}\n" for i in range(9)).replace("b4 = c4", "b4 = f(c4")
    assert code.replace("f(c4", "f(c4)") in [c.text for c in candidates(checkpoint, code)]


def test_a_model_with_full_literals_is_refused_in_one_line() -> None:
    lexemes = SnippetTokenizer.train("excel", list(FORMULAS), 1, 512)
    with pytest.raises(NoSlotsError, match=r"literals=full.*--canvas fixed") as caught:
        GapOperator(replace(tiny_checkpoint(), tokenizer=lexemes))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("code", ["", "=", "\ud800(", "=" + "(" * 9, "\x00\n\t", "=\u201cYes\u201d", '="', '=""""'])
def test_no_formula_is_too_strange(closing: Checkpoint, code: str) -> None:
    assert all(EXCEL.check(c.text).accepted for c in candidates(closing, code))


@pytest.mark.parametrize(
    "code", ["", "(", "\ud800(", "\x00", "  x", "'''", 'f"{', "\tif x\n\t\ty\n z", "\\", "x = (\n" * 9]
)
def test_no_program_is_too_strange(code: str) -> None:
    found = candidates(tiny_checkpoint("python", answer=")"), code)
    assert all(PYTHON.check(c.text).accepted for c in found)


def test_every_program_of_the_corpus_is_mended_when_a_bracket_is_lost() -> None:
    checkpoint = tiny_checkpoint("python", answer=")", max_tokens=64)
    for code in (code for code in PROGRAMS if ")" in code):
        broken = code[::-1].replace(")", "", 1)[::-1]
        assert code in [c.text for c in candidates(checkpoint, broken)]


def test_the_options_of_an_operator_name_the_ranking_that_it_takes(closing: Checkpoint) -> None:
    """They identify what was proposed: another ranking is another system."""
    assert GapOperator(closing, QUICK).options.ranking == ranking_of("excel")
    own = Ranking(mass=2.0)
    assert GapOperator(closing, replace(QUICK, ranking=own)).options.ranking == own
