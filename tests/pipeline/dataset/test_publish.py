"""What is published, and that the books close."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generators.base import Candidate
from pipeline.dataset import statistics as figures_module
from pipeline.dataset.publish import Distinct, publish, split_of
from pipeline.files.parquet import decode
from pipeline.files.storage import Storage
from pipeline.inspection.verify import verify
from pipeline.run import judge as judge_module
from pipeline.run.judge import Judge
from pipeline.run.shard import finish
from schemas.config import FilterOptions, PublishOptions
from schemas.errors import RunError
from schemas.ids import digest
from schemas.ledger import Ledger
from schemas.manifest import Manifest
from schemas.reasons import Reason
from tests.pipeline.fakes import make_config, make_identity
from validators import get_language
from validators import human_edits as human_edits_module
from validators.edit_types import divergence, histogram, pair_edits
from validators.human_edits import HumanEdits, HumanFile, write_human_edits

POISON = "=POISON()"
FORMULAS = [("=SUM(A1:A2", "=SUM(A1:A2)"), ("=MAX(A1,,", "=MAX(A1)"), ("=A1+", "=A1+B1"), ("=MIN((A1)", "=MIN(A1)")]
OUTCOMES = st.one_of(
    st.sampled_from(FORMULAS),
    st.sampled_from([("=A1", "=A1"), ("", "=A1"), ("=A1+B1", "=A1-B1"), ("=SUM(", "=SUM("), ("=SUM(A1", "=\ud800")]),
    st.sampled_from([Reason.UNDECODABLE, Reason.REQUEST_FAILED]),
    st.just((POISON, "=A1")),
)
real_judge = judge_module.make_judge


def judge_with_poison(language: str, options: FilterOptions) -> Judge:
    judge = real_judge(language, options)

    def poisonous(broken: str, fixed: str) -> object:
        if broken == POISON:
            raise ZeroDivisionError("poison")
        return judge(broken, fixed)

    return poisonous  # type: ignore[return-value]


@dataclass(frozen=True)
class Published:
    """A version made of scripted rows."""

    storage: Storage
    manifest: Manifest
    shard_ledgers: list[Ledger]

    def table(self, config: str) -> pa.Table:
        tables = [decode(self.storage.read(f.path)) for f in self.manifest.files if f.config == config]
        return pa.concat_tables(tables) if tables else None


def publish_script(script: list[list[tuple[str, str] | Reason]], pairs: int, **options: object) -> Published:
    config = make_config(f"memory://{uuid.uuid4().hex}", shard_rows=len(script[0]), pairs=pairs, **options)
    storage = Storage(config.out)
    identity = make_identity(config)
    receipts = []
    with patch.object(judge_module, "make_judge", judge_with_poison):
        for number, rows in enumerate(script):
            candidates = []
            for row, entry in enumerate(rows):
                broken, fixed = ("", "") if isinstance(entry, Reason) else entry
                failure = entry if isinstance(entry, Reason) else None
                candidates.append(
                    Candidate(row=row, seed=row, broken=broken, fixed=fixed, recipe="script", failure=failure)
                )
            receipts.append(finish(candidates, config, identity.fingerprint, number, storage))
    manifest = publish(storage, config, identity, receipts)
    return Published(storage, manifest, [Ledger.from_dict(receipt.ledger) for receipt in receipts])


def scripts() -> st.SearchStrategy[list[list[tuple[str, str] | Reason]]]:
    return st.integers(1, 8).flatmap(
        lambda rows: st.lists(st.lists(OUTCOMES, min_size=rows, max_size=rows), min_size=1, max_size=3)
    )


@given(script=scripts(), pairs=st.integers(1, 6), keep=st.booleans())
@settings(max_examples=60, deadline=None)
def test_every_sampled_row_is_written_rejected_or_failed(
    script: list[list[tuple[str, str] | Reason]], pairs: int, keep: bool
) -> None:
    planned = [entry for rows in script for entry in rows]
    good = [entry for entry in planned if entry in FORMULAS]
    if not good:
        with pytest.raises(RunError, match="nothing is published"):
            publish_script(script, pairs)
        return
    result = publish_script(script, pairs, publish__keep_rejected=keep)
    for ledger, rows in zip(result.shard_ledgers, script, strict=True):
        ledger.check(sampled=len(rows))
        assert ledger.written == sum(entry in FORMULAS for entry in rows)
    total = Ledger.from_dict(result.manifest.ledger)
    total.check(sampled=len(planned))
    distinct = list(dict.fromkeys(good))
    expected = distinct[:pairs]
    assert total.written == len(expected)
    assert sum(total.rejected.values()) + sum(total.failed.values()) == len(planned) - len(expected)
    assert total.reasons[Reason.SURPLUS] == len(distinct) - len(expected)
    assert total.reasons[Reason.DUPLICATE] == len(good) - len(distinct)
    assert total.reasons[Reason.CRASHED] == sum(entry == (POISON, "=A1") for entry in planned)
    assert total.failed.get("request_failed", 0) == planned.count(Reason.REQUEST_FAILED)
    table = result.table("excel")
    assert Counter(zip(table["broken"].to_pylist(), table["fixed"].to_pylist(), strict=True)) == Counter(expected)
    rejected = result.table("excel_rejected")
    if keep and len(planned) > len(expected):
        assert Counter(rejected["reason"].to_pylist()) == Counter(
            {reason.value: count for reason, count in total.reasons.items() if count}
        )
        ids = table["id"].to_pylist() + rejected["id"].to_pylist()
        assert len(set(ids)) == len(ids) == len(planned)
    else:
        assert rejected is None
    assert verify(result.storage, deep=True) == []


def test_publishing_twice_gives_the_same_files() -> None:
    script: list[list[tuple[str, str] | Reason]] = [list(FORMULAS), [*FORMULAS[:3], Reason.UNDECODABLE]]
    versions = []
    for _ in range(2):
        result = publish_script(script, 3)
        versions.append({path: result.storage.read(path) for path in result.storage.list() if path[0] != "."})
    assert versions[0] == versions[1]


def test_files_hold_at_most_the_rows_asked_for_and_say_how_many_they_are() -> None:
    script = [[(f"=SUM(A{n}", f"=SUM(A{n})") for n in range(1, 11)]]
    options = {"publish__validation_share": 0.0, "publish__test_share": 0.0, "publish__rows_per_file": 4}
    files = publish_script(script, 10, **options).manifest.files  # type: ignore[arg-type]
    assert [file.rows for file in files] == [4, 4, 2]
    for number, file in enumerate(files):
        assert file.path == f"data/excel/train-{number:05d}-of-00003-{file.sha256[:12]}.parquet"


def test_rows_keep_the_order_of_the_plan() -> None:
    script = [[(f"=SUM(A{s}{n}", f"=SUM(A{s}{n})") for n in range(1, 6)] for s in range(1, 4)]
    options = {"publish__validation_share": 0.0, "publish__test_share": 0.0}
    ids = publish_script(script, 13, **options).table("excel")["id"].to_pylist()  # type: ignore[arg-type]
    assert ids == [f"excel-diffusion-0-{n // 5:06d}-{n % 5:06d}" for n in range(13)]


@pytest.fixture
def people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HumanEdits:
    """A record of what people do to Excel formulas."""
    monkeypatch.setattr(human_edits_module, "FOLDER", tmp_path)
    record = HumanEdits(
        language="excel", pairs=8, files=[HumanFile(name="real.json", sha256="0" * 64)], floor=None,
        date="2026-11-27", command="evaluate pairs", shares={"->)": 0.75, "number>reference": 0.25},
    )  # fmt: skip
    write_human_edits(tmp_path / "excel.json", record)
    return record


def test_the_first_pairs_of_the_train_split_are_compared_with_people(
    people: HumanEdits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures_module, "_COMPARED", 5)
    kinds = ((n, "" if n % 2 else "))") for n in range(1, 9))  # a bracket too few, a bracket too many, ...
    pairs = [(f"=SUM(A{n}{end}", f"=SUM(A{n})") for n, end in kinds]
    script: list[list[tuple[str, str] | Reason]] = [list(pairs[:4]), list(pairs[4:])]
    sure = {"publish__validation_share": 0.0, "publish__test_share": 0.0, "publish__rows_per_file": 3}
    result = publish_script(script, 8, **sure)  # type: ignore[arg-type]
    first = list(zip(*(result.table("excel")[side].to_pylist()[:5] for side in ("broken", "fixed")), strict=True))
    shares = histogram(pair_edits(get_language("excel"), *pair) for pair in first)
    assert shares == {"->)": 0.6, ")>-": 0.4}
    found = result.manifest.statistics["human_likeness"]
    assert found["pairs"] == 5
    assert found["divergence"] == pytest.approx(divergence(shares, people.shares), abs=1e-6)
    assert found["edit_types"] == {
        "->)": {"pairs": 0.6, "people": 0.75},
        ")>-": {"pairs": 0.4, "people": 0},
        "number>reference": {"pairs": 0, "people": 0.25},
    }
    assert found["people"] == {
        "pairs": 8, "files": [{"name": "real.json", "sha256": "0" * 64}], "floor": None, "date": "2026-11-27",
    }  # fmt: skip


def test_pairs_of_other_splits_are_not_compared_with_people(people: HumanEdits) -> None:
    script: list[list[tuple[str, str] | Reason]] = [list(FORMULAS)]
    part = publish_script(script, 4, publish__validation_share=0.4, publish__test_share=0.4).manifest
    train = sum(file.rows for file in part.files if (file.config, file.split) == ("excel", "train"))
    assert part.statistics["human_likeness"]["pairs"] == train < 4
    none = publish_script(script, 4, publish__validation_share=0.999, publish__test_share=0.0).manifest
    assert {file.split for file in none.files if file.config == "excel"} == {"validation"}
    assert "human_likeness" not in none.statistics


def test_without_a_record_of_people_nothing_is_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(human_edits_module, "FOLDER", tmp_path)
    assert "human_likeness" not in publish_script([list(FORMULAS)], 4).manifest.statistics


def test_a_damaged_shard_is_not_published() -> None:
    config = make_config(f"memory://{uuid.uuid4().hex}", shard_rows=1, pairs=1)
    storage, identity = Storage(config.out), make_identity(config)
    candidate = Candidate(row=0, seed=0, broken="=SUM(A1", fixed="=SUM(A1)", recipe="script")
    receipt = finish([candidate], config, identity.fingerprint, 0, storage)
    storage.write(receipt.pairs.path, storage.read(receipt.pairs.path)[:-1])
    with pytest.raises(RunError, match=r"000000\.parquet is not what was written"):
        publish(storage, config, identity, [receipt])
    assert not [path for path in storage.list() if path[0] != "."]


@given(sketches=st.lists(st.text(), min_size=1), low=st.floats(0, 0.4), high=st.floats(0, 0.4))
def test_a_sketch_stays_in_its_split(sketches: list[str], low: float, high: float) -> None:
    options = PublishOptions(validation_share=low, test_share=high)
    splits = [split_of(sketch, options) for sketch in sketches]
    assert splits == [split_of(sketch, options) for sketch in sketches]
    assert low > 0 or "validation" not in splits
    assert high > 0 or "test" not in splits


def test_splits_have_the_shares_asked_for() -> None:
    options = PublishOptions(validation_share=0.1, test_share=0.2)
    counts = Counter(split_of(digest(n), options) for n in range(5_000))
    assert counts["validation"] / 5_000 == pytest.approx(0.1, abs=0.02)  # 0.004 is one standard error
    assert counts["test"] / 5_000 == pytest.approx(0.2, abs=0.03)


def test_a_pair_is_new_once_and_its_sides_are_told_apart() -> None:
    distinct = Distinct()
    pairs = [("ab", "c"), ("a", "bc"), ("ab", "c"), ("c", "ab")]
    assert [distinct.add(*pair) for pair in pairs] == [True, True, False, True]
