"""What a checkpoint's folder says of its yields is what was written, or one clear line."""

from __future__ import annotations

from pathlib import Path

import pytest

from generators.checkpoints import CONFIG, WEIGHTS, CheckpointError
from generators.diffusion.checkpoint import BUNDLED, TOKENIZER, checkpoint_hash
from generators.diffusion.yields import FILE, YieldOption, Yields, read_yields, write_yields

YIELDS = Yields(
    model="", date="2026-01-02", machine="a machine", command="a command", samples=7,
    options=[
        YieldOption(
            name="far", settings="--set a=1", pairs_per_thousand=3.5, near_per_thousand=0.5, pairs_a_minute=12.25
        )
    ],
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What a checkpoint's hash is made of, and nothing else."""
    for name in (CONFIG, WEIGHTS, TOKENIZER):
        (tmp_path / name).write_text(name)
    return tmp_path


def test_what_was_written_is_read(folder: Path) -> None:
    assert read_yields(folder) is None
    yields = YIELDS.model_copy(update={"model": checkpoint_hash(folder)})
    write_yields(folder, yields)
    assert read_yields(folder) == yields
    assert sorted(path.name for path in folder.iterdir()) == sorted([CONFIG, WEIGHTS, TOKENIZER, FILE])


def test_figures_of_the_weights_before_are_no_figures_of_these(folder: Path) -> None:
    write_yields(folder, YIELDS.model_copy(update={"model": checkpoint_hash(folder)}))
    (folder / WEIGHTS).write_text("trained longer")
    assert read_yields(folder) is None


@pytest.mark.parametrize("language", ["excel", "python"])
def test_a_bundled_model_has_figures_of_its_own(language: str) -> None:
    yields = read_yields(BUNDLED / language)
    assert yields is not None and yields.samples >= 500


@pytest.mark.parametrize("content", ["", "{}", '{"date": 3}', "[]"])
def test_a_damaged_file_is_one_line_with_the_way_out(folder: Path, content: str) -> None:
    (folder / FILE).write_text(content)
    with pytest.raises(CheckpointError) as caught:
        read_yields(folder)
    text = str(caught.value)
    assert str(folder / FILE) in text and "--record" in text and "\n" not in text
