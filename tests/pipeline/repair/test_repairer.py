"""`repair`: broken snippets in, repairs out, by gaps and by the paper's canvas, with models that are made here."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from generators.diffusion.checkpoint import save_checkpoint
from generators.diffusion.gap_ranking import GapCandidate
from generators.diffusion.repair import RepairCandidate
from generators.diffusion.text.lexemes import SnippetTokenizer
from pipeline.cli import main
from pipeline.repair.noise_levels import Levels
from pipeline.repair.repairer import FixedRepairer, Outcome, Repairer
from schemas.errors import RequestError
from tests.generators.diffusion.tiny import FORMULAS, tiny_checkpoint
from validators import get_language

EXCEL = get_language("excel")
BROKEN = ["=SUM(A1", "=A1+B2", '=IF(A1>7,"a","b"))', "=" + "A1+" * 20]
NEVER = "=" + "(" * 40  # what no edit of a few tokens mends
FIXED = ("--canvas", "fixed", "--recovery", "0.95,0.8", "--samples", "3", "--steps", "4")
GAPS = ("--steps", "1")


@pytest.fixture(scope="module")
def closing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of a model that closes a bracket wherever a gap is."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("closing")
    save_checkpoint(folder, tiny_checkpoint(answer=")"), "a card")
    return folder


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint without slots."""
    folder = tmp_path_factory.mktemp("full")
    lexemes = SnippetTokenizer.train("excel", list(FORMULAS), 1, 512)
    save_checkpoint(folder, tiny_checkpoint(lexemes=lexemes), "a card")
    return folder


@pytest.fixture(autouse=True)
def bundled(closing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The models that are bundled are not what is tested."""
    monkeypatch.setattr("generators.diffusion.checkpoint.BUNDLED", closing.parent)
    if not (closing.parent / "excel").exists():
        (closing.parent / "excel").symlink_to(closing)


@pytest.fixture(scope="module")
def fixed(closing: Path) -> FixedRepairer:
    levels = Levels("recovery", (0.95, 0.8))
    return FixedRepairer(closing, "excel", levels=levels, samples=3, steps=4, device="cpu")


@pytest.fixture(scope="module")
def gaps(closing: Path) -> Repairer:
    return Repairer(closing, "excel", steps=1, device="cpu")


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as caught:
        main(["repair", "--language", "excel", *map(str, arguments)])
    captured = capsys.readouterr()
    return int(caught.value.code or 0), captured.out, captured.err


def write(tmp_path: Path, code: str) -> Path:
    file = tmp_path / "formula.txt"
    file.write_text(code)
    return file


# --- the library: gaps


def test_gaps_repair_what_is_broken_and_nothing_else(gaps: Repairer) -> None:
    repairs = list(gaps([*BROKEN, NEVER]))
    assert [repair.broken for repair in repairs] == [*BROKEN, NEVER]
    assert [repair.fixed for repair in repairs[:3]] == ["=SUM(A1)", BROKEN[1], '=IF(A1>7,"a","b")']
    assert [repair.outcome for repair in repairs] == [
        Outcome.REPAIRED, Outcome.ACCEPTED, Outcome.REPAIRED, Outcome.REPAIRED, Outcome.NOT_REPAIRED
    ]  # fmt: skip
    assert repairs[1].candidates == repairs[4].candidates == ()
    for repair in (repairs[0], repairs[2], repairs[3]):
        assert [c.rank for c in repair.candidates] == list(range(1, len(repair.candidates) + 1))
        assert all(c.accepted and c.text is not None and EXCEL.check(c.text).accepted for c in repair.candidates)
        assert repair.fixed == repair.candidates[0].text
        assert repair.confidence == repair.candidates[0].confidence
        assert {(c.level, c.recovery, c.sample) for c in repair.candidates} == {(None, None, None)}


def test_the_first_candidate_is_the_repair_where_it_is_sure_enough(
    gaps: Repairer, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [GapCandidate("=SUM(A1)", 1, 4, 0.625), GapCandidate("=A1", 3, 2, 0.375)]
    monkeypatch.setattr(gaps.operator, "candidates", lambda *_: iter([found]))
    for least, outcome, fixed in ((0.0, Outcome.REPAIRED, "=SUM(A1)"), (0.625, Outcome.REPAIRED, "=SUM(A1)"),
                                  (0.63, Outcome.UNSURE, None)):  # fmt: skip
        monkeypatch.setattr(gaps, "min_confidence", least)
        [repair] = gaps(["=SUM(A1"])
        assert (repair.outcome, repair.fixed, repair.confidence) == (outcome, fixed, 0.625)
        assert [(c.text, c.rank, c.distance, c.votes, c.confidence) for c in repair.candidates] == [
            ("=SUM(A1)", 1, 1, 4, 0.625), ("=A1", 2, 3, 2, 0.375)
        ]  # fmt: skip


def test_the_same_seed_gives_the_same_repairs_by_gaps(gaps: Repairer) -> None:
    assert list(gaps(BROKEN)) == list(gaps(BROKEN))


# --- the library: the paper's canvas


def test_every_snippet_has_an_outcome_in_its_place(fixed: FixedRepairer) -> None:
    repairs = list(fixed(BROKEN))
    assert [repair.broken for repair in repairs] == BROKEN
    assert [repair.outcome for repair in repairs[1::2]] == [Outcome.ACCEPTED, Outcome.TOO_LONG]
    assert repairs[1].fixed == BROKEN[1] and repairs[1].candidates == ()
    assert repairs[3].fixed is None and repairs[3].candidates == ()
    for repair in repairs[0::2]:
        assert [(c.level, c.sample) for c in repair.candidates] == [(x, k) for x in fixed.levels for k in range(3)]
        assert all(c.accepted == (c.text is not None and EXCEL.check(c.text).accepted) for c in repair.candidates)
        assert all((c.rank, c.votes, c.distance, c.confidence) == (None,) * 4 for c in repair.candidates)
        assert repair.confidence is None


def test_the_chosen_repair_is_the_most_frequent_accepted_candidate(
    fixed: FixedRepairer, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts: Sequence[str | None] = ["=SUM(A1", "=SUM(A1", "=SUM(A1", "=A1", "=SUM(A1)", "=SUM(A1)", None]
    candidates = [RepairCandidate(0.1, k, text) for k, text in enumerate(texts)]
    monkeypatch.setattr(fixed.operator, "candidates", lambda *_: iter([candidates]))
    [repair] = fixed(["=SUM(A1"])
    assert (repair.outcome, repair.fixed) == (Outcome.REPAIRED, "=SUM(A1)")
    assert [c.accepted for c in repair.candidates] == [False, False, False, True, True, True, False]


def test_the_same_seed_gives_the_same_repairs(fixed: FixedRepairer) -> None:
    assert list(fixed(BROKEN)) == list(fixed(BROKEN))


def test_a_model_without_slots_is_repaired_with_on_the_papers_canvas_alone(full: Path) -> None:
    levels = Levels("recovery", (0.9,))
    [repair] = FixedRepairer(full, "excel", levels=levels, samples=2, steps=2, device="cpu")(["=SUM(A1"])
    assert len(repair.candidates) == 2
    with pytest.raises(RequestError, match="literals=full"):
        Repairer(full, "excel", device="cpu")


# --- the command


def test_one_snippet_is_printed_as_a_diff(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"=SUM(A1\n")))
    code, out, err = run(capsys, "-", *GAPS)
    assert (code, err) == (0, "")
    broken, mended = out.splitlines()
    assert broken == "- =SUM(A1" and mended.replace("{+", "").replace("+}", "") == "+ =SUM(A1)"


def test_the_repair_alone_can_be_piped_on(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, _ = run(capsys, write(tmp_path, "= SUM( A1\n"), "--show", "fixed", *GAPS)
    assert (code, out) == (0, "= SUM( A1)\n")


def test_gaps_are_listed_by_rank_with_distance_votes_and_confidence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    _, out, _ = run(capsys, write(tmp_path, "=SUM(A1"), "--show", "candidates", *GAPS)
    lines = out.splitlines()
    assert lines[0].startswith("   1.  distance  1  votes ") and lines[0].endswith("  =SUM(A1)")
    assert [int(line.split(".")[0]) for line in lines] == list(range(1, len(lines) + 1))
    assert all(" votes " in line and " confidence 0." in line for line in lines)


def test_of_the_papers_canvas_all_candidates_are_listed_with_level_and_verdict(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    _, out, _ = run(capsys, write(tmp_path, "=SUM(A1"), "--show", "candidates", *FIXED)
    lines = out.splitlines()
    assert sum(int(line.split()[0]) for line in lines) == 6
    assert all("t/T 0." in line and "recovery 0." in line for line in lines)
    assert all(("accepted" in line) != ("rejected" in line or "undecodable" in line) for line in lines)


def test_what_is_accepted_comes_back_unchanged_and_is_said_to(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for canvas in (GAPS, FIXED):
        code, out, err = run(capsys, write(tmp_path, "=SUM( A1 )"), *canvas)
        assert (code, out) == (0, "=SUM( A1 )\n")
        assert "accepted as it is" in err


@pytest.mark.parametrize(("canvas", "candidates"), [(FIXED, [6, 0, 6, 0]), (GAPS, None)])
def test_many_snippets_give_a_table_of_outcomes_and_a_file(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, canvas: tuple[str, ...], candidates: list[int] | None
) -> None:
    source = tmp_path / "rows.jsonl"
    source.write_text("".join(json.dumps({"broken": code}) + "\n" for code in BROKEN))
    rows: dict[str, list[dict[str, Any]]] = {}
    for name in ("out.jsonl", "out.jsonl.gz", "out.parquet"):
        code, out, _ = run(capsys, source, "--column", "broken", "--out", tmp_path / name, *canvas)
        assert code == 0 and ("too long" in out) == (canvas is FIXED)
        if name.endswith("parquet"):
            rows[name] = pq.read_table(tmp_path / name).to_pylist()
        else:
            raw = (tmp_path / name).read_bytes()
            text = gzip.decompress(raw) if name.endswith("gz") else raw
            rows[name] = [json.loads(line) for line in text.splitlines()]
    assert rows["out.jsonl"] == rows["out.jsonl.gz"] == rows["out.parquet"]
    assert [row["broken"] for row in rows["out.jsonl"]] == BROKEN
    counts = [len(row["candidates"]) for row in rows["out.jsonl"]]
    assert counts == candidates if candidates else counts[0] and counts[2] and not counts[1]
    empty = {"rank", "distance", "votes", "confidence"} if candidates else {"noise_level", "recovery", "sample"}
    for row in rows["out.jsonl"]:
        assert all({name for name, value in c.items() if value is None} - {"text"} == empty for c in row["candidates"])
    assert {path.name for path in tmp_path.iterdir()} == {"rows.jsonl", *rows}


def test_json_is_one_object_a_snippet(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    source = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"code": BROKEN[:2]}), source)
    code, out, err = run(capsys, source, "--json", *GAPS)
    assert (code, err) == (0, "")
    first, second = (json.loads(line) for line in out.splitlines())
    assert (first["broken"], first["fixed"]) == (BROKEN[0], "=SUM(A1)")
    assert first["confidence"] == first["candidates"][0]["confidence"] > 0
    assert second == {
        "broken": BROKEN[1], "outcome": "accepted", "fixed": BROKEN[1], "confidence": None, "candidates": []
    }  # fmt: skip


@pytest.mark.parametrize(
    ("code", "arguments", "said"),
    [
        (NEVER, GAPS, "no edit of a few tokens is accepted"),
        ("=SUM(A1", (*GAPS, "--min-confidence", "1"), "confidence of only 0."),
        (BROKEN[3], FIXED, "more than 31 tokens"),
        (BROKEN[0], FIXED, "none of 6 candidates is accepted"),
    ],
)
def test_strict_exits_with_one_where_a_snippet_has_no_repair(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, code: str, arguments: tuple[str, ...], said: str
) -> None:
    status, out, err = run(capsys, write(tmp_path, code), "--strict", *arguments)
    assert (status, out) == (1, "")
    assert said in err and err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--canvas", "fixed", "--pool", "best"), "one noise level"),
        (("--canvas", "fixed", "--noise-levels", "0.1", "--recovery", "0.9"), "not both"),
        (("--canvas", "fixed", "--noise-levels", "2"), "above 0 and at most 1"),
        (("--canvas", "fixed", "--min-confidence", "0.5"), "--min-confidence: only --canvas gaps"),
        (("--noise-levels", "0.1"), "--noise-levels: --canvas gaps does without it"),
        (("--recovery", "0.9"), "--recovery: --canvas gaps does without it"),
        (("--samples", "3"), "--samples: --canvas gaps does without it"),
        (("--pool", "vote"), "--pool: --canvas gaps does without it"),
        (("--min-confidence", "1.5"), "--min-confidence"),
        (("--canvas", "shifted"), "--canvas"),
        (("--out", "x.csv"), "must end in .jsonl"),
        (("--out", "no/such/folder/x.jsonl"), "no folder"),
        (("--checkpoint", "nowhere"), "is not a folder"),
    ],
)
def test_a_wrong_request_is_refused_before_anything_is_computed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    code, out, err = run(capsys, write(tmp_path, "=SUM(A1"), *arguments)
    assert (code, out) == (2, "")
    assert message in err and err.count("\n") == 1


def test_gaps_of_a_model_without_slots_are_refused_in_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, full: Path
) -> None:
    code, out, err = run(capsys, write(tmp_path, "=SUM(A1"), "--checkpoint", full)
    assert (code, out) == (2, "")
    assert "literals=full" in err and "--canvas fixed" in err and err.count("\n") == 1


def test_an_empty_file_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("")
    code, _, err = run(capsys, tmp_path / "empty.jsonl")
    assert code == 2 and "nothing to repair" in err
