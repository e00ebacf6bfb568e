"""A checkpoint is a folder that gives the same texts everywhere, or one clear line."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from generators.bifi import checkpoint
from generators.bifi.checkpoint import VOCABULARY, find_breaker, load_rewriter, read_config, rewriter_hash
from generators.bifi.rewriter import Rewriter
from generators.checkpoints import CARD, CONFIG, WEIGHTS, CheckpointError

ROOT = Path(__file__).parents[3]
FILES = (CONFIG, WEIGHTS, VOCABULARY)


@pytest.fixture
def folder(breaker_folder: Path, tmp_path: Path) -> Path:
    """A checkpoint that a test may damage."""
    (tmp_path / "model").mkdir()
    for name in (*FILES, CARD):
        shutil.copy(breaker_folder / name, tmp_path / "model" / name)
    return tmp_path / "model"


def test_a_copied_folder_gives_the_same_texts(folder: Path, breaker: Rewriter, good: list[str]) -> None:
    loaded = load_rewriter(folder, "python")
    assert not loaded.model.training
    assert list(loaded.rewrite(good, 3)) == list(breaker.rewrite(good, 3))


def test_files_are_plain_and_nothing_is_pickled(folder: Path) -> None:
    for name in (CONFIG, VOCABULARY):
        assert json.loads((folder / name).read_text())
    weights = (folder / WEIGHTS).read_bytes()
    header = int.from_bytes(weights[:8], "little")
    names = json.loads(weights[8 : 8 + header])  # safetensors: a length, JSON, numbers
    assert "lm_head.weight" not in names  # one embedding serves as output too


@pytest.mark.parametrize("name", FILES)
def test_hash_changes_with_every_file_that_can_change_a_text(folder: Path, name: str) -> None:
    before = rewriter_hash(folder)
    (folder / CARD).write_text("other words")
    assert rewriter_hash(folder) == before
    data = bytearray((folder / name).read_bytes())
    data[-2] ^= 1
    (folder / name).write_bytes(data)
    assert rewriter_hash(folder) != before


def test_a_breaker_is_given_bundled_or_none(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "BUNDLED", tmp_path / "bundled")
    assert find_breaker("python", str(folder)) == folder
    assert find_breaker("python", "none") is None
    assert find_breaker("python", None) is None
    shutil.copytree(folder, tmp_path / "bundled" / "python")
    assert find_breaker("python", None) == tmp_path / "bundled" / "python"
    assert find_breaker("python", "none") is None
    assert find_breaker("powershell", None) is None


def test_a_folder_that_is_not_there_is_no_breaker(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="is not a folder; pass the folder that `train` wrote"):
        find_breaker("python", str(tmp_path / "nowhere"))


def test_another_language_or_role_is_refused(folder: Path) -> None:
    with pytest.raises(CheckpointError, match="is a breaker of python, not of powershell"):
        find_breaker("powershell", str(folder))
    with pytest.raises(CheckpointError, match="is a breaker, not a fixer"):
        load_rewriter(folder, "python", "fixer")
    config = json.loads((folder / CONFIG).read_text()) | {"role": "fixer"}
    (folder / CONFIG).write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match="is a fixer, not a breaker"):
        find_breaker("python", str(folder))


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(CheckpointError, match=f"lacks {name}"):
        find_breaker("python", str(folder))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format_version": 99}, "has format 99, this version reads 1: train it anew"),
        ({"role": "poet"}, "damaged at role"),
        ({"surplus": 1}, "damaged at surplus"),
        ({"model": {"width": 3}}, "damaged at model"),
    ],
)
def test_a_configuration_that_is_not_valid_says_where(folder: Path, change: dict[str, object], message: str) -> None:
    (folder / CONFIG).write_text(json.dumps(json.loads((folder / CONFIG).read_text()) | change))
    with pytest.raises(CheckpointError, match=message) as caught:
        read_config(folder, "python")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("data", [b"", b"\x00\xff", b"[1]"])
def test_damaged_files_are_one_line(folder: Path, name: str, data: bytes) -> None:
    (folder / name).write_bytes(data)
    with pytest.raises(CheckpointError, match=name) as caught:
        load_rewriter(folder, "python")
    assert "\n" not in str(caught.value)


def test_truncated_weights_are_found_without_loading_them(folder: Path) -> None:
    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="is damaged"):
        find_breaker("python", str(folder))


def test_weights_of_another_shape_are_refused(folder: Path) -> None:
    words = json.loads((folder / VOCABULARY).read_text())
    (folder / VOCABULARY).write_text(json.dumps([*words, "surplus"]))
    with pytest.raises(CheckpointError, match=r"shared.weight is \[120, 32\], not \[121, 32\]"):
        load_rewriter(folder, "python")


def test_looking_a_breaker_up_loads_no_torch(folder: Path) -> None:
    script = (
        "import sys; from generators.bifi.checkpoint import find_breaker, rewriter_hash\n"
        f"rewriter_hash(find_breaker('python', {str(folder)!r}))\n"
        "sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)
