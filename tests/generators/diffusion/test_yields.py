"""What a checkpoint's folder says of its yields is what was written, or one clear line."""

from __future__ import annotations

from pathlib import Path

import pytest

from generators.checkpoints import CheckpointError
from generators.diffusion.yields import FILE, YieldOption, Yields, read_yields, write_yields

YIELDS = Yields(
    date="2026-01-02", machine="a machine", command="a command", samples=7,
    options=[
        YieldOption(
            name="far", settings="--set a=1", pairs_per_thousand=3.5, near_per_thousand=0.5, pairs_a_minute=12.25
        )
    ],
)  # fmt: skip


def test_what_was_written_is_read(tmp_path: Path) -> None:
    assert read_yields(tmp_path) is None
    write_yields(tmp_path, YIELDS)
    assert read_yields(tmp_path) == YIELDS
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


@pytest.mark.parametrize("content", ["", "{}", '{"date": 3}', "[]"])
def test_a_damaged_file_is_one_line_with_the_way_out(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content)
    with pytest.raises(CheckpointError) as caught:
        read_yields(tmp_path)
    text = str(caught.value)
    assert str(tmp_path / FILE) in text and "--record" in text and "\n" not in text
