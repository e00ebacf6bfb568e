"""What all checkpoints have in common: files that are whole, and read by whoever may read one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import BaseModel

from generators.checkpoints import CARD, CONFIG, WEIGHTS, CheckpointError, check_weights, save_files

TOKENS = "tokens.txt"
EMPTY = (2).to_bytes(8, "little") + b"{}"  # safetensors: a length, JSON, no numbers


class Config(BaseModel):
    format_version: int = 1
    number: int


def write(folder: Path, number: int, save_tokens: Callable[[Path], None] | None = None) -> None:
    """A checkpoint each of whose files holds the number."""

    def tokens(file: Path) -> None:
        file.write_text(str(number))

    save_files(folder, Config(number=number), str(number).encode(), TOKENS, save_tokens or tokens, str(number))


def numbers(folder: Path) -> dict[str, str]:
    texts = {file.name: file.read_text() for file in folder.iterdir() if not file.name.startswith(".")}
    return texts | {name: str(json.loads(texts[name])["number"]) for name in (CONFIG,) if name in texts}


def test_whoever_may_read_one_file_may_read_them_all(tmp_path: Path) -> None:
    write(tmp_path / "new", 1)
    assert numbers(tmp_path / "new") == dict.fromkeys((WEIGHTS, TOKENS, CARD, CONFIG), "1")
    assert len({file.stat().st_mode for file in (tmp_path / "new").iterdir()}) == 1


class KilledError(Exception):
    """Stands for a kill in the middle of a write."""


def test_a_checkpoint_stays_as_it_was_until_every_new_file_is_written(tmp_path: Path) -> None:
    def killed(file: Path) -> None:
        file.write_text("half of i")
        raise KilledError

    write(tmp_path, 1)
    with pytest.raises(KilledError):
        write(tmp_path, 2, save_tokens=killed)
    assert set(numbers(tmp_path).values()) == {"1"}
    write(tmp_path, 3)  # over what was left
    assert numbers(tmp_path) == dict.fromkeys((WEIGHTS, TOKENS, CARD, CONFIG), "3")


def test_the_configuration_appears_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    appeared = list[str]()
    replace = Path.replace

    def noted(file: Path, target: Path) -> Path:
        appeared.append(target.name)
        return replace(file, target)

    monkeypatch.setattr(Path, "replace", noted)
    write(tmp_path, 1)
    assert sorted(appeared) == sorted((WEIGHTS, TOKENS, CARD, CONFIG))
    assert appeared[-1] == CONFIG


def test_truncated_weights_are_found_without_loading_them(tmp_path: Path) -> None:
    (tmp_path / WEIGHTS).write_bytes(EMPTY)
    check_weights(tmp_path)
    (tmp_path / WEIGHTS).write_bytes(EMPTY[:-1])
    with pytest.raises(CheckpointError, match=r"model\.safetensors is damaged \(.*\): copy it anew"):
        check_weights(tmp_path)
