"""Figures count what was published, and where on their trajectories the sampled rows became pairs."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest

from generators.base import Candidate
from pipeline.dataset.statistics import Figures, LevelYields, level_yields
from pipeline.files.storage import Storage
from pipeline.run.shard import finish
from schemas.ledger import Ledger
from schemas.manifest import LevelYield, Receipt
from schemas.reasons import Reason
from schemas.record import PAIR_SCHEMA
from tests.pipeline.fakes import make_config, run_fake

FIXED = "=SUM(A1,B1)"


def candidate(t: int | None, broken: str = "=SUM(A1,B1", fixed: str = FIXED, row: int = 0) -> Candidate:
    return Candidate(
        row=row, seed=row, broken=broken, fixed=fixed, recipe="r", timestep=t, num_steps=None if t is None else 50
    )


@pytest.mark.parametrize(("t", "tenth"), [(1, 0), (5, 0), (6, 1), (10, 1), (45, 8), (46, 9), (50, 9)])
def test_a_tenth_has_the_timesteps_that_a_range_of_t_has(t: int, tenth: int) -> None:
    levels = LevelYields()
    levels.add(candidate(t), None, 1)
    assert levels.by_tenth is not None and set(levels.by_tenth) == {tenth}
    low, high = tenth / 10, (tenth + 1) / 10
    assert low < t / 50 <= high  # as `DiffusionGenerator` reads diffusion.t_range


def test_figures_share_the_tenths() -> None:
    columns = {"timestep": [5, 6, 50], "num_steps": [50] * 3, "token_edit_distance": [1, 1, 12]}
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    figures = Figures()
    figures.add(pa.Table.from_pylist(rows, schema=PAIR_SCHEMA))
    ledger = Ledger()
    for _ in rows:
        ledger.write()
    found = figures.to_dict(ledger)
    assert found["noise_level"] == {"0.0 to 0.1": 1, "0.1 to 0.2": 1, "0.9 to 1.0": 1}
    assert found["token_edit_distance"] == {"1": 2, "10 or more": 1}


def test_a_shard_counts_what_became_of_its_rows_by_noise_level(tmp_path: Path) -> None:
    far = "=SUM((((((((A1,B1)"
    rows = [
        candidate(1), candidate(2), candidate(3, broken=FIXED), candidate(4, broken="=A1"),
        candidate(5, fixed="=SUM("), candidate(40, broken=far), candidate(41, broken=""),
    ]  # fmt: skip
    rows = [candidate(c.timestep, c.broken, c.fixed, row) for row, c in enumerate(rows)]
    config = make_config(tmp_path, shard_rows=len(rows))
    receipt = finish(rows, config, "fingerprint", 0, Storage(str(tmp_path)))
    assert receipt.levels == {
        0: LevelYield(sampled=5, repaired=3, pairs=2, near=2),  # =A1 is accepted, so it is no pair
        7: LevelYield(sampled=1, repaired=1, pairs=1, near=0),
        8: LevelYield(sampled=1),
    }
    assert Receipt.model_validate_json(receipt.model_dump_json()) == receipt
    assert level_yields([receipt, receipt])["level_yields"]["0.7 to 0.8"] == {
        "sampled": 2, "repaired": 2, "pairs": 2, "near": 0
    }  # fmt: skip


def test_a_generator_without_timesteps_has_no_levels(tmp_path: Path) -> None:
    config = make_config(tmp_path, shard_rows=1)
    receipt = finish([candidate(None)], config, "fingerprint", 0, Storage(str(tmp_path)))
    assert receipt.levels is None
    assert level_yields([receipt]) == {}


def test_a_receipt_of_an_older_version_still_reads(tmp_path: Path) -> None:
    receipt = finish([candidate(1)], make_config(tmp_path, shard_rows=1), "fingerprint", 0, Storage(str(tmp_path)))
    older = Receipt.model_validate_json(receipt.model_dump_json(exclude={"levels"}))
    assert older == receipt.model_copy(update={"levels": None})


def test_the_levels_of_a_run_add_up_to_its_ledger(tmp_path: Path) -> None:
    manifest = run_fake(make_config(tmp_path))
    levels = manifest.statistics["level_yields"]
    total = Counter[str]()
    for counts in levels.values():
        total.update(counts)
    ledger = Ledger.from_dict(manifest.ledger)
    assert total["sampled"] == ledger.sampled
    assert total["pairs"] == ledger.written + ledger.reasons[Reason.DUPLICATE] + ledger.reasons[Reason.SURPLUS]
    assert total["near"] <= total["pairs"] <= total["repaired"] <= total["sampled"]
