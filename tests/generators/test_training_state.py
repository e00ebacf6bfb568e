"""The state of a training on disk: whole at any moment, or one clear line."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from torch import Tensor

from generators.checkpoints import CheckpointError
from generators.training_state import copy_state, load_state, moments, restore_moments, save_state


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


def test_a_state_is_copied_whole_while_it_is_saved_again_and_again(saved: Path, tmp_path: Path) -> None:
    copies, stop = tmp_path / "copies", threading.Event()

    def save_on() -> None:
        step = 2
        while not stop.is_set():
            step += 1
            save(saved, step)

    thread = threading.Thread(target=save_on)
    thread.start()
    try:
        steps = []
        for number in range(40):
            (copies / str(number)).mkdir(parents=True)
            values = copy_state(saved, copies / str(number))
            steps.append(load(copies / str(number)))
            assert steps[-1] == values["step"]
    finally:
        stop.set()
        thread.join()
    assert len(set(steps)) > 1
    assert load(saved) is not None


@pytest.mark.parametrize("damage", ["no tensors", "truncated values", "values are no object", "no values"])
def test_what_is_no_whole_state_is_not_copied(saved: Path, tmp_path: Path, damage: str) -> None:
    DAMAGES[damage](saved)
    (tmp_path / "copy").mkdir()
    with pytest.raises(CheckpointError, match=f"{saved}"):
        copy_state(saved, tmp_path / "copy")
    assert not (tmp_path / "copy" / "state.json").exists()


def test_each_optimiser_is_given_the_moments_of_its_own_parameters() -> None:
    model = torch.nn.Linear(2, 2)

    def optimisers() -> list[torch.optim.Optimizer]:
        return [torch.optim.AdamW([model.weight]), torch.optim.SGD([model.bias], momentum=0.5)]

    trained, fresh = optimisers(), optimisers()
    model(torch.ones(1, 2)).sum().backward()
    for optimiser in trained:
        optimiser.step()
    saved = {name: tensor for optimiser in trained for name, tensor in moments(model, optimiser).items()}
    assert {name.partition(".")[0] for name in saved} == {"weight", "bias"}
    for optimiser in fresh:
        restore_moments(model, optimiser, saved)
    assert [set(optimiser.state) for optimiser in fresh] == [{model.weight}, {model.bias}]
    with pytest.raises(KeyError, match="scale"):
        restore_moments(model, fresh[0], {"scale.momentum": torch.zeros(1)})
