"""The state of a training on disk: whole at any moment, or one clear line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from torch import Tensor

from generators.checkpoints import CheckpointError
from generators.training_state import load_state, save_state


def save(folder: Path, step: int) -> None:
    """A state whose every number is the step."""
    number = torch.tensor(float(step))
    save_state(folder, step, {"step": step}, {"model": {"a.b": number, "c": number.view(1)}, "average": {"c": number}})


def load(folder: Path) -> int | None:
    """The step of a state, all of whose numbers are the same; None where there is none."""
    steps = list[int]()

    def restore(values: dict[str, Any], groups: dict[str, dict[str, Tensor]]) -> None:
        assert {name: set(tensors) for name, tensors in groups.items()} == {"model": {"a.b", "c"}, "average": {"c"}}
        assert {int(tensor) for tensors in groups.values() for tensor in tensors.values()} == {values["step"]}
        steps.append(values["step"])

    return steps[0] if load_state(folder, restore) else None


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    save(tmp_path, 2)
    return tmp_path


def test_nothing_to_resume_from_is_no_error(tmp_path: Path) -> None:
    assert load(tmp_path / "nowhere") is None


def test_a_newer_state_that_was_never_named_does_not_matter(saved: Path) -> None:
    (saved / "state-00000003.safetensors").write_bytes(b"half of it")
    (saved / ".state-00000004.safetensors").write_bytes(b"")
    (saved / ".state.json").write_text('{"file": ')
    assert load(saved) == 2
    save(saved, 3)  # over the garbage
    assert load(saved) == 3
    assert [path.name for path in saved.glob("state-*")] == ["state-00000003.safetensors"]


class KilledError(Exception):
    """Stands for a kill in the middle of a save."""


def test_a_save_that_is_killed_at_any_moment_leaves_a_whole_state(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every change that a save makes to a folder goes through one of these calls."""
    calls_left = 0

    def counted(function: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **options: object) -> object:
            nonlocal calls_left
            if calls_left == 0:
                raise KilledError
            calls_left -= 1
            return function(*arguments, **options)

        return call

    monkeypatch.setattr(safetensors.torch, "save_file", counted(safetensors.torch.save_file))
    for name in ("write_text", "replace", "unlink"):
        monkeypatch.setattr(Path, name, counted(getattr(Path, name)))
    moments = 0
    for calls_before in range(100):
        calls_left = calls_before
        step = 3 + calls_before
        try:
            save(saved, step)
        except KilledError:
            moments += 1
        else:
            break
        assert load(saved) in range(2, step + 1)
    assert moments >= 5
    assert load(saved) == step


DAMAGES: dict[str, Callable[[Path], object]] = {
    "no tensors": lambda folder: (folder / "state-00000002.safetensors").unlink(),
    "truncated tensors": lambda folder: (folder / "state-00000002.safetensors").write_bytes(b"\x10" * 100),
    "truncated values": lambda folder: (folder / "state.json").write_text('{"file": "state-0000'),
    "values are no object": lambda folder: (folder / "state.json").write_text("[2]"),
    "no UTF-8": lambda folder: (folder / "state.json").write_bytes(b"\xff\xfe{}"),
    "no values": lambda folder: (folder / "state.json").write_text("{}"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_state_is_one_line_with_the_way_out(saved: Path, damage: Callable[[Path], object]) -> None:
    damage(saved)
    with pytest.raises(CheckpointError) as caught:
        load(saved)
    text = str(caught.value)
    assert text.startswith(f"training state in {saved} is damaged (")
    assert text.endswith("): delete it to start anew")
    assert "\n" not in text
