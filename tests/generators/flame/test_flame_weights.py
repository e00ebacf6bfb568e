"""Shares of the operators: fitted on pairs, written with their origin, refused where they are damaged."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from generators.base import Snippet
from generators.flame.generator import FlameGenerator
from generators.flame.operators import NAMES
from generators.flame.weights import (
    Provenance,
    Weights,
    canonical,
    fit_file,
    fit_weights,
    likelihood,
    load_weights,
    weights_hash,
)
from schemas.config import FlameOptions
from schemas.errors import RequestError

FIXED = "=IF('Q 1'!A1:A2>=1,MOD(B1<>C1,D1=1),\"x\")"  # all operators apply
PAIRS = [
    {"Buggy": "=SUM(A1:4)", "GroundTruth": "=SUM(A1:A4)"},
    {"Buggy": "=if(A1 => 2,1,0)", "GroundTruth": "=IF(A1>=2, 1, 0)"},
    {"Buggy": "=VLOKUP(A1,B:C,2)", "GroundTruth": "=VLOOKUP(A1,B:C,2)"},
]


def write(folder: Path, content: Any) -> str:
    file = folder / "pairs.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return str(file)


def test_a_planted_mixture_is_recovered() -> None:
    planted = dict.fromkeys(NAMES, 0.0) | {
        "malformed_range": 0.4, "corrupt_unreliable_tokens": 0.3, "add_parentheses": 0.1,
        "space_between_function_and_arguments": 0.1, "inequality_noise": 0.1,
    }  # fmt: skip
    weights = Weights(shares=planted, provenance=Provenance(pairs=1, explained=1, method="planted"))
    generator = FlameGenerator([Snippet(FIXED, "0")], FlameOptions(sampler="weighted"), weights)
    fitted = fit_weights((c.broken, c.fixed) for c in generator.generate(5, 400))
    assert fitted.provenance.pairs == fitted.provenance.explained == 400
    for name in NAMES:
        assert fitted.shares[name] == pytest.approx(planted[name], abs=0.06), name
        assert fitted.shares[name] > 0  # smoothed: what the pairs don't show is rare, not impossible


def test_pairs_that_no_operator_makes_are_counted_and_have_no_part() -> None:
    pairs = [(pair["Buggy"], pair["GroundTruth"]) for pair in PAIRS]
    fitted = fit_weights(pairs)
    assert (fitted.provenance.pairs, fitted.provenance.explained) == (3, 2)
    assert fitted.shares == fit_weights(pairs[:2]).shares
    assert sorted(fitted.shares, key=lambda name: -fitted.shares[name])[:2] == [
        "malformed_range", "swap_relational_operator_characters",
    ]  # fmt: skip


def test_the_likelihood_is_the_part_of_an_operators_sites() -> None:
    row = likelihood("=SUM(A1:A2,B1;B2)", "=SUM(A1:A2,B1:B2)")
    assert row["wrong_range"] == 1 / 10  # two colons, five replacements
    assert row["corrupt_unreliable_tokens"] == pytest.approx(1 / 3 / 50)  # one of five delimiters, ten replacements
    assert {name for name, p in row.items() if p} == {"wrong_range", "corrupt_unreliable_tokens"}


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("=sum( A1 , b2 )", "=SUM(A1,B2)"),
        (" =A1 >= -2 ", "=A1>=-2"),
        ("=-  A1 %", "=-A1%"),
        ("=A1\n+\t1", "=A1+1"),
        ("=A1:A2   B1:B2", "=A1:A2 B1:B2"),
    ],
)
def test_spaces_and_capitals_that_mean_nothing_make_no_difference(left: str, right: str) -> None:
    assert canonical(left) == canonical(right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("=A1> =2", "=A1>=2"),
        ("=MAX (A1)", "=MAX(A1)"),
        ("=SUM(B2 B9)", "=SUM(B2B9)"),
        ('=A1&"a b"', '=A1&"ab"'),
        ('="a" "b"', '="a""b"'),
        ("='Q1 data'!B2", "='Q1data'!B2"),
    ],
)
def test_spaces_that_mean_something_are_told_apart(left: str, right: str) -> None:
    assert canonical(left) != canonical(right)


def test_fitted_weights_are_written_with_their_origin_and_read_again(tmp_path: Path) -> None:
    path, out = write(tmp_path, PAIRS), tmp_path / "weights.json"
    fitted = fit_file(path, str(out))
    assert fitted == load_weights(str(out))
    assert fitted.provenance.file == "pairs.json"
    assert fitted.provenance.sha256 == hashlib.sha256(Path(path).read_bytes()).hexdigest()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["pairs.json", "weights.json"]
    first = out.read_bytes()
    fit_file(path, str(out))
    assert out.read_bytes() == first


def test_the_hash_is_that_of_the_shares(tmp_path: Path) -> None:
    default = load_weights()
    moved = default.model_copy(update={"provenance": Provenance(pairs=1, explained=1, method="other")})
    fitted = fit_file(write(tmp_path, PAIRS), str(tmp_path / "weights.json"))
    assert weights_hash(moved) == weights_hash(default) != weights_hash(fitted)


def test_the_weights_that_come_with_the_project_say_what_they_were_fitted_on() -> None:
    provenance = load_weights().provenance
    assert provenance.file and provenance.sha256
    assert 0 < provenance.explained <= provenance.pairs
    assert provenance.method == fit_weights([("=SUM(A1:4)", "=SUM(A1:A4)")]).provenance.method


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[{", "not a JSON list of objects"),
        ({"Buggy": "=A1", "GroundTruth": "=A1"}, "not a JSON list of objects"),
        ([{"broken": "=A1", "fixed": "=A1"}], "not a JSON list of objects"),
        ([{"Buggy": 1, "GroundTruth": "=A1"}], "must be strings"),
        ([], "no operator makes any of the 0 pairs"),
        (PAIRS[2:], "no operator makes any of the 1 pairs"),
    ],
)
def test_pairs_that_cannot_be_fitted_are_a_wrong_request(tmp_path: Path, content: Any, message: str) -> None:
    with pytest.raises(RequestError, match=message) as error:
        fit_file(write(tmp_path, content), str(tmp_path / "weights.json"))
    assert "\n" not in str(error.value)
    assert not (tmp_path / "weights.json").exists()


def test_files_that_are_not_there_are_a_wrong_request(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"none\.json cannot be read"):
        fit_file(str(tmp_path / "none.json"), str(tmp_path / "weights.json"))
    with pytest.raises(RequestError, match=r"none\.json cannot be read"):
        load_weights(str(tmp_path / "none.json"))
    with pytest.raises(RequestError, match=r"weights\.json cannot be written"):
        fit_file(write(tmp_path, PAIRS), str(tmp_path / "none" / "weights.json"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (None, "damaged"),
        ({"shares": {"wrong_range": 1.0}}, "name each operator once"),
        ({"shares": dict.fromkeys(NAMES, 0.5)}, "sum to 1"),
        ({"shares": dict.fromkeys(NAMES, 1 / 15) | {"wrong_range": -1 / 15}}, "shares.wrong_range"),
        ({"shares": dict.fromkeys(NAMES, "a")}, "shares.wrong_range"),
        ({"notes": ""}, "notes"),
        ({"provenance": {}}, "provenance.pairs"),
    ],
)
def test_damaged_weights_are_refused_with_the_place(tmp_path: Path, change: Any, message: str) -> None:
    file = tmp_path / "weights.json"
    whole = load_weights().model_dump()
    file.write_text(json.dumps(whole)[:-9] if change is None else json.dumps(whole | change))
    with pytest.raises(RequestError, match=message) as error:
        load_weights(str(file))
    assert str(file) in str(error.value) and "\n" not in str(error.value)
