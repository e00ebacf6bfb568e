"""`repair`: broken snippets in, repairs out, with the bundled model."""

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

from generators.diffusion.checkpoint import find_checkpoint
from generators.diffusion.repair import RepairCandidate
from pipeline.cli import main
from pipeline.noise_levels import Levels
from pipeline.repair import Outcome, Repairer
from validators import get_language

EXCEL = get_language("excel")
BROKEN = ["=SUM(A1:B7", "=A1+B2", '=IF(A1>7,"a","b"))', "=" + "A1+" * 60]
QUICK = ("--recovery", "0.95,0.8", "--samples", "3", "--steps", "4")


@pytest.fixture(scope="module")
def repairer() -> Repairer:
    torch.set_num_threads(1)
    levels = Levels("recovery", (0.95, 0.8))
    return Repairer(find_checkpoint("excel", None), "excel", levels=levels, samples=3, steps=4, device="cpu")


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as caught:
        main(["repair", "--language", "excel", *map(str, arguments)])
    captured = capsys.readouterr()
    return int(caught.value.code or 0), captured.out, captured.err


def test_every_snippet_has_an_outcome_in_its_place(repairer: Repairer) -> None:
    repairs = list(repairer(BROKEN))
    assert [repair.broken for repair in repairs] == BROKEN
    assert [repair.outcome for repair in repairs[1::2]] == [Outcome.ACCEPTED, Outcome.TOO_LONG]
    assert repairs[1].fixed == BROKEN[1] and repairs[1].candidates == ()
    assert repairs[3].fixed is None and repairs[3].candidates == ()
    for repair in repairs[0::2]:
        assert [(c.level, c.sample) for c in repair.candidates] == [(x, k) for x in repairer.levels for k in range(3)]
        assert all(c.accepted == (c.text is not None and EXCEL.check(c.text).accepted) for c in repair.candidates)
        if repair.outcome is Outcome.REPAIRED:
            assert repair.fixed is not None and EXCEL.check(repair.fixed).accepted
        else:
            assert not any(c.accepted for c in repair.candidates)


def test_the_chosen_repair_is_the_most_frequent_accepted_candidate(
    repairer: Repairer, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts: Sequence[str | None] = ["=SUM(A1", "=SUM(A1", "=SUM(A1", "=A1", "=SUM(A1)", "=SUM(A1)", None]
    candidates = [RepairCandidate(0.1, k, text) for k, text in enumerate(texts)]
    monkeypatch.setattr(repairer.operator, "candidates", lambda *_: iter([candidates]))
    [repair] = repairer(["=SUM(A1"])
    assert (repair.outcome, repair.fixed) == (Outcome.REPAIRED, "=SUM(A1)")
    assert [c.accepted for c in repair.candidates] == [False, False, False, True, True, True, False]


def test_the_same_seed_gives_the_same_repairs(repairer: Repairer) -> None:
    assert list(repairer(BROKEN)) == list(repairer(BROKEN))


def test_one_snippet_is_printed_as_a_diff(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b'=IF(B6="","",\n')))
    code, out, err = run(capsys, "-", *QUICK)
    assert (code, err) == (0, "")
    broken, fixed = out.splitlines()
    assert broken.startswith("- =IF") and fixed.startswith("+ ")
    assert EXCEL.check(fixed[2:].replace("{+", "").replace("+}", "")).accepted


def test_the_repair_alone_can_be_piped_on(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "formula.txt"
    file.write_text("=SUM(A1:B7\n")
    code, out, _ = run(capsys, file, "--show", "fixed", *QUICK)
    assert code == 0 and out.count("\n") == 1
    assert EXCEL.check(out.removesuffix("\n")).accepted


def test_all_candidates_are_listed_with_level_and_verdict(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "formula.txt"
    file.write_text("=SUM(A1:B7")
    _, out, _ = run(capsys, file, "--show", "candidates", *QUICK)
    lines = out.splitlines()
    assert sum(int(line.split()[0]) for line in lines) == 6
    assert all("t/T 0." in line and "recovery 0." in line for line in lines)
    assert all(("accepted" in line) != ("rejected" in line or "undecodable" in line) for line in lines)


def test_what_is_accepted_comes_back_unchanged_and_is_said_to(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "formula.txt"
    file.write_text("=SUM( A1 )")
    code, out, err = run(capsys, file, *QUICK)
    assert (code, out) == (0, "=SUM( A1 )\n")
    assert "accepted as it is" in err


def test_many_snippets_give_a_table_of_outcomes_and_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    source = tmp_path / "rows.jsonl"
    source.write_text("".join(json.dumps({"broken": code}) + "\n" for code in BROKEN))
    rows: dict[str, list[dict[str, Any]]] = {}
    for name in ("out.jsonl", "out.jsonl.gz", "out.parquet"):
        code, out, _ = run(capsys, source, "--column", "broken", "--out", tmp_path / name, *QUICK)
        assert code == 0 and "too long" in out
        if name.endswith("parquet"):
            rows[name] = pq.read_table(tmp_path / name).to_pylist()
        else:
            raw = (tmp_path / name).read_bytes()
            text = gzip.decompress(raw) if name.endswith("gz") else raw
            rows[name] = [json.loads(line) for line in text.splitlines()]
    assert rows["out.jsonl"] == rows["out.jsonl.gz"] == rows["out.parquet"]
    assert [row["broken"] for row in rows["out.jsonl"]] == BROKEN
    assert [len(row["candidates"]) for row in rows["out.jsonl"]] == [6, 0, 6, 0]
    assert {path.name for path in tmp_path.iterdir()} == {"rows.jsonl", *rows}


def test_json_is_one_object_a_snippet(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    source = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"code": BROKEN[:2]}), source)
    code, out, err = run(capsys, source, "--json", *QUICK)
    assert (code, err) == (0, "")
    first, second = (json.loads(line) for line in out.splitlines())
    assert len(first["candidates"]) == 6 and first["broken"] == BROKEN[0]
    assert second == {"broken": BROKEN[1], "outcome": "accepted", "fixed": BROKEN[1], "candidates": []}


def test_strict_exits_with_one_where_a_snippet_has_no_repair(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "formula.txt"
    file.write_text(BROKEN[3])
    code, out, err = run(capsys, file, "--strict", *QUICK)
    assert (code, out) == (1, "")
    assert "max_tokens" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--pool", "best"), "one noise level"),
        (("--noise-levels", "0.1", "--recovery", "0.9"), "not both"),
        (("--noise-levels", "2"), "above 0 and at most 1"),
        (("--out", "x.csv"), "must end in .jsonl"),
        (("--out", "no/such/folder/x.jsonl"), "no folder"),
        (("--checkpoint", "nowhere"), "is not a folder"),
    ],
)
def test_a_wrong_request_is_refused_before_anything_is_computed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    file = tmp_path / "formula.txt"
    file.write_text("=SUM(A1")
    code, out, err = run(capsys, file, *arguments)
    assert (code, out) == (2, "")
    assert message in err and err.count("\n") == 1


def test_an_empty_file_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("")
    code, _, err = run(capsys, tmp_path / "empty.jsonl")
    assert code == 2 and "nothing to repair" in err
