"""A shard: every row gets a record or a reason, and one bad row costs no other."""

from __future__ import annotations

import json
from pathlib import Path
from unittest.mock import patch

import pytest

from generators.base import Candidate
from pipeline.files.parquet import decode
from pipeline.files.storage import Storage
from pipeline.run import judge as judge_module
from pipeline.run.judge import candidate_record
from pipeline.run.plan import Plan
from pipeline.run.shard import finish, read_receipt, receipt_path, sample
from schemas.ledger import LedgerError
from schemas.reasons import Reason
from schemas.record import PAIR_SCHEMA, REJECT_SCHEMA
from tests.pipeline.fakes import FakeGenerator, make_config

LONG = "=" + "+".join(["A1"] * 400_000)


def candidate(row: int, broken: str, fixed: str, failure: Reason | None = None) -> Candidate:
    return Candidate(row=row, seed=2**63 - 1, broken=broken, fixed=fixed, recipe="r", failure=failure)


ODD = [
    candidate(0, "=SUM(A1", "=SUM(A1)"),
    candidate(1, "=SUM(\ud800", "=SUM(A1)"),
    candidate(2, "=SUM(\x00A1", "=SUM(A1)"),
    candidate(3, LONG, "=A1"),
    candidate(4, "", ""),
    candidate(5, "", "", Reason.REQUEST_FAILED),
    candidate(6, "=\U0001f600+", '="\U0001f600"&A1'),
]


def test_odd_rows_do_not_disturb_the_others_and_every_file_has_the_schema(tmp_path: Path) -> None:
    storage, config = Storage(str(tmp_path)), make_config(tmp_path, shard_rows=len(ODD))
    receipt = finish(ODD, config, "fingerprint", 3, storage)
    assert receipt.rejected is not None
    pairs, rejects = (decode(storage.read(file.path)) for file in (receipt.pairs, receipt.rejected))
    assert pairs.schema.equals(PAIR_SCHEMA, check_metadata=True)
    assert rejects.schema.equals(REJECT_SCHEMA, check_metadata=True)
    assert pairs["id"].to_pylist() == [f"excel-diffusion-0-000003-{row:06d}" for row in (0, 2, 6)]
    assert pairs["broken"].to_pylist()[1] == "=SUM(\x00A1"
    assert rejects["reason"].to_pylist() == ["undecodable", "too_long", "empty", "request_failed"]
    assert rejects["broken"].to_pylist()[0] == r"=SUM(\ud800"
    assert pairs["timestep"].null_count == pairs["noise_level"].null_count == 3


def test_a_shard_without_a_pair_has_the_same_schema(tmp_path: Path) -> None:
    storage, config = Storage(str(tmp_path)), make_config(tmp_path, shard_rows=1)
    receipt = finish([candidate(0, "=A1", "=A1")], config, "fingerprint", 0, storage)
    empty = decode(storage.read(receipt.pairs.path))
    assert empty.schema.equals(PAIR_SCHEMA, check_metadata=True)
    assert empty.num_rows == receipt.pairs.rows == 0


def test_a_row_that_cannot_be_judged_is_recorded_and_the_rest_is_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def judge(broken: str, fixed: str) -> Reason:
        if broken == "=POISON":
            raise RecursionError("too deep")
        return Reason.TOO_FAR

    rows = [candidate(0, "=A1", "=A1"), candidate(1, "=POISON", "=A1"), candidate(2, "=A1", "=A1")]
    with patch.object(judge_module, "make_judge", lambda *_: judge):
        config = make_config(tmp_path, shard_rows=3)
        receipt = finish(rows, config, "fingerprint", 0, Storage(str(tmp_path)))
    assert receipt.ledger == {"sampled": 3, "written": 0, "rejected": {"too_far": 2}, "failed": {"crashed": 1}}
    assert "excel-diffusion-0-000000-000001" in caplog.text and "too deep" in caplog.text


def test_a_shard_with_rows_missing_gets_no_receipt(tmp_path: Path) -> None:
    storage = Storage(str(tmp_path))
    with pytest.raises(LedgerError, match="planned 3 rows"):
        finish([candidate(0, "=A1", "=A1")], make_config(tmp_path, shard_rows=3), "fingerprint", 0, storage)
    assert storage.list() == []


def test_the_receipt_is_written_last_and_reads_back(tmp_path: Path) -> None:
    storage, config = Storage(str(tmp_path)), make_config(tmp_path)
    receipt = finish(sample(FakeGenerator(), Plan(config), 2), config, "fingerprint", 2, storage)
    assert read_receipt(storage, 2, "fingerprint") == receipt
    times = {path: (tmp_path / path).stat().st_mtime_ns for path in storage.list()}
    assert max(times, key=lambda path: times[path]) == receipt_path(2)


@pytest.mark.parametrize("field", ["sampled", "written"])
def test_a_receipt_whose_books_do_not_close_does_not_count(field: str, tmp_path: Path) -> None:
    storage, config = Storage(str(tmp_path)), make_config(tmp_path)
    finish(sample(FakeGenerator(), Plan(config), 0), config, "fingerprint", 0, storage)
    values = json.loads(storage.read(receipt_path(0)))
    values["ledger"][field] += 1
    storage.write(receipt_path(0), json.dumps(values).encode())
    assert read_receipt(storage, 0, "fingerprint") is None


@pytest.mark.parametrize("side", ["Buggy", "GroundTruth"])
@pytest.mark.parametrize("text", ["=sum( a1 )", "=SUM(A1"])
def test_a_pair_that_touches_a_benchmark_is_dropped_however_it_is_written(side: str, text: str, tmp_path: Path) -> None:
    row = {"Buggy": "=B9+", "GroundTruth": "=B9"} | {side: text}
    (tmp_path / "benchmark.json").write_text(json.dumps([row]))
    config = make_config(tmp_path, filters__benchmarks=(str(tmp_path / "benchmark.json"),))
    assert candidate_record(candidate(0, "=SUM(A1", "=SUM(A1)"), config, 0)[1] is Reason.BENCHMARK_OVERLAP
    assert candidate_record(candidate(0, "=SUM(A2", "=SUM(A2)"), config, 0)[1] is None
    assert candidate_record(candidate(0, "=SUM(A1", "=SUM(A1"), config, 0)[1] is Reason.IDENTICAL


def test_the_seed_of_a_shard_depends_on_the_run_and_the_shard_alone(tmp_path: Path) -> None:
    plan, other = Plan(make_config(tmp_path)), Plan(make_config(tmp_path / "x", shard_rows=7, pairs=1, seed=1))
    seeds = [plan.shard_seed(shard) for shard in range(1000)]
    assert len({*seeds, *(other.shard_seed(shard) for shard in range(1000))}) == 2000
    assert seeds == [Plan(make_config(tmp_path, pairs=9)).shard_seed(shard) for shard in range(1000)]


@pytest.mark.parametrize(
    ("pairs", "attempts", "rows", "shards"), [(10, 1.0, 10, 1), (10, 1.1, 10, 2), (1, 0.001, 9, 1)]
)
def test_the_plan_ends(pairs: int, attempts: float, rows: int, shards: int, tmp_path: Path) -> None:
    config = make_config(tmp_path, pairs=pairs, attempts_per_pair=attempts, shard_rows=rows)
    assert Plan(config).max_shards == shards
