from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from pipeline.display.terminal import printable
from pipeline.files.storage import Storage
from pipeline.inspection.show import Choice, choose, describe, find, render
from schemas.errors import RequestError, RunError
from schemas.record import COLUMNS
from tests.pipeline.fakes import make_config, run_fake


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Storage:
    out = tmp_path_factory.mktemp("dataset")
    run_fake(make_config(out))
    return Storage(str(out))


def row(broken: str, fixed: str, **values: Any) -> dict[str, Any]:
    return dict.fromkeys(COLUMNS) | {"id": "excel-diffusion-1-000000-000003", "language": "excel"} | {
        "broken": broken, "fixed": fixed, **values,
    }  # fmt: skip


def plain(row: dict[str, Any]) -> list[str]:
    return [line.plain for line in render(row, markers=True)][1:]


def test_differences_stand_between_markers() -> None:
    assert plain(row("=SUM(A1;A2)", "=SUM(A1,A2)")) == ["- =SUM(A1[-;-]A2)", "+ =SUM(A1{+,+}A2)"]
    assert plain(row("=SUM(A1", "=SUM(A1)")) == ["- =SUM(A1", "+ =SUM(A1{+)+}"]


def test_every_line_of_a_side_has_its_sign() -> None:
    lines = plain(row("if x\n    y()\n", "if x:\n    y()\n", language="python"))
    assert lines == ["- if x", "-     y()", "- ", "+ if x{+:+}", "+     y()", "+ "]


def test_in_colour_deletions_are_red_and_insertions_green() -> None:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, color_system="standard", soft_wrap=True)
    for line in render(row("=A1+", "=A1"), markers=False):
        console.print(line)
    for line in render(row("=A1", "=A1+2"), markers=False):
        console.print(line)
    assert "\x1b[7;31m+\x1b[0m" in stream.getvalue()
    assert "\x1b[7;32m+2\x1b[0m" in stream.getvalue() or "\x1b[7;32m+\x1b[0m" in stream.getvalue()


@given(broken=st.text(), fixed=st.text())
def test_without_its_markers_each_side_is_the_code_itself(broken: str, fixed: str) -> None:
    lines = [line.plain for line in render(row(broken, fixed), markers=False)][1:]
    shown = "\n".join(line[2:] for line in lines)
    assert shown == printable(broken) + "\n" + printable(fixed)


def test_a_description_says_what_is_known_and_leaves_out_what_is_not() -> None:
    known = row(
        "", "", token_edit_distance=2, noise_level=0.125, error_kind="unbalanced", error_message="no\x07thing closes",
        error_line=1, error_column=5,
    )  # fmt: skip
    name = "excel-diffusion-1-000000-000003"
    assert describe(known) == f"{name} | distance 2 | noise level 0.12 | unbalanced at 1:5: no\\x07thing closes"
    assert describe(row("", "")) == name
    assert describe({"id": name, "reason": "too_far"}) == f"{name} | rejected: too_far"


def test_rows_are_drawn_by_the_seed_without_repetition_in_order(dataset: Storage) -> None:
    ids = [row["id"] for row in choose(dataset, Choice(count=12, seed=3))]
    assert len(set(ids)) == 12
    assert ids == [row["id"] for row in choose(dataset, Choice(count=12, seed=3))]
    assert ids != [row["id"] for row in choose(dataset, Choice(count=12, seed=4))]
    everything = [row["id"] for row in choose(dataset, Choice(count=1_000))]
    assert len(everything) == 40
    assert ids == [name for name in everything if name in ids]


def test_every_row_can_be_drawn(dataset: Storage) -> None:
    drawn = {row["id"] for seed in range(300) for row in choose(dataset, Choice(count=1, seed=seed))}
    assert len(drawn) == 40


def test_a_distance_and_a_split_narrow_the_choice(dataset: Storage) -> None:
    everything = choose(dataset, Choice(count=1_000))
    near = choose(dataset, Choice(count=1_000, max_distance=1))
    assert near == [row for row in everything if row["token_edit_distance"] <= 1]
    splits = [choose(dataset, Choice(count=1_000, split=split)) for split in ("train", "validation", "test")]
    assert all(splits)
    assert sorted(row["id"] for rows in splits for row in rows) == sorted(row["id"] for row in everything)


def test_rejected_rows_are_shown_with_their_reason(dataset: Storage) -> None:
    rows = choose(dataset, Choice(config="excel_rejected", count=5))
    assert len(rows) == 5
    assert all(f"rejected: {row['reason']}" in describe(row) for row in rows)
    assert all(list(render(row, markers=True)) for row in rows)


def test_a_row_is_found_by_its_id(dataset: Storage) -> None:
    for config in ("excel", "excel_rejected"):
        wanted = choose(dataset, Choice(config=config, count=1))[0]
        assert find(dataset, wanted["id"]) == wanted
    with pytest.raises(RequestError, match="holds no pair 'excel-9'"):
        find(dataset, "excel-9")


def test_what_is_not_there_is_said_with_what_is(dataset: Storage, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"has no excel/dev; there is excel/train, excel/validation, excel/test, "):
        choose(dataset, Choice(split="dev"))
    with pytest.raises(RequestError, match="no pair within 0 tokens; raise --max-distance"):
        choose(dataset, Choice(max_distance=0))
    with pytest.raises(RequestError, match="holds no published dataset"):
        choose(Storage(str(tmp_path)), Choice())


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    manifest = run_fake(make_config(tmp_path))
    (tmp_path / manifest.files[0].path).write_bytes(b"PAR1")
    with pytest.raises(RunError, match=r"parquet is damaged; `verify`"):
        choose(Storage(str(tmp_path)), Choice(count=1_000))
