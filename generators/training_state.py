"""What a training run keeps on disk to go on exactly: its state, its log, and what it was begun with.

The state is two files, `state.json` and the `state-STEP.safetensors` that it names. Nothing is pickled.
"""

from __future__ import annotations

import json
import math
import shutil
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor

from generators.checkpoints import CheckpointError
from schemas.files import write_whole, written_whole

STATE, LOG = "state.json", "log.jsonl"
_ATTEMPTS = 20  # at copying a state that is being replaced


def save_state(folder: Path, step: int, values: Mapping[str, Any], groups: Mapping[str, Mapping[str, Tensor]]) -> None:
    """Write the state so that it is whole at any moment: new tensors first, then the file that names them."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {f"{group}.{name}": tensor for group, named in groups.items() for name, tensor in named.items()}
    file = f"state-{step:08d}.safetensors"
    copies = {k: v.detach().cpu().contiguous().clone() for k, v in tensors.items()}  # of weights that share memory
    with written_whole(folder / file) as part:
        safetensors.torch.save_file(copies, part)
    write_whole(folder / STATE, json.dumps({"file": file, **values}))
    for old in folder.glob("state-*.safetensors"):
        if old.name != file:
            old.unlink()


def load_state(folder: Path, restore: Callable[[dict[str, Any], dict[str, dict[str, Tensor]]], None]) -> bool:
    """Give ``restore`` the values and tensors that were saved; False where nothing is there.

    Raises:
        CheckpointError: the state is damaged, or ``restore`` finds that it does not fit.
    """
    if not (folder / STATE).is_file():
        return False
    try:
        values = json.loads((folder / STATE).read_text())
        groups: dict[str, dict[str, Tensor]] = defaultdict(dict)
        for key, tensor in safetensors.torch.load_file(folder / values["file"]).items():
            group, _, name = key.partition(".")
            groups[group][name] = tensor
        restore(values, groups)
    except (ValueError, KeyError, TypeError, OSError, RuntimeError, safetensors.SafetensorError) as error:
        reason = " ".join(str(error).split())[:300]  # torch lists every tensor that does not fit
        raise CheckpointError(
            f"training state in {folder} is damaged ({type(error).__name__}: {reason}): delete it to start anew"
        ) from error
    return True


def copy_state(source: Path, folder: Path) -> dict[str, Any]:
    """Copy the state in ``source``, also while its run replaces it, into ``folder``; gives its values.

    Raises:
        CheckpointError: there is none, or it is damaged.
    """
    for _ in range(_ATTEMPTS):
        try:
            text = (source / STATE).read_text()
            values: dict[str, Any] = json.loads(text)
            shutil.copyfile(source / values["file"], folder / values["file"])
        except FileNotFoundError:  # a newer one has taken its place meanwhile
            if not (source / STATE).is_file():
                break
        except (ValueError, KeyError, TypeError, OSError) as error:
            raise CheckpointError(f"training state in {source} is damaged ({error!r}): copy it anew") from error
        else:
            write_whole(folder / STATE, text)
            return values
    raise CheckpointError(f"{source} holds no whole training state: give the folder of a training that has saved one")


def moments(model: torch.nn.Module, optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """What the optimiser keeps of each parameter, as ``PARAMETER.MOMENT``."""
    return {
        f"{name}.{moment}": tensor
        for name, parameter in model.named_parameters()
        for moment, tensor in optimiser.state.get(parameter, {}).items()
    }


def restore_moments(model: torch.nn.Module, optimiser: torch.optim.Optimizer, saved: Mapping[str, Tensor]) -> None:
    """Give the optimiser what `moments` gave; those of parameters that are another optimiser's are passed over."""
    parameters = dict(model.named_parameters())
    own = {id(parameter) for group in optimiser.param_groups for parameter in group["params"]}
    for key, tensor in saved.items():
        name, _, moment = key.rpartition(".")
        parameter = parameters[name]
        if id(parameter) in own:
            optimiser.state[parameter][moment] = tensor.to(parameter.device)


def write_log(folder: Path, lines: Sequence[Mapping[str, Any]]) -> None:
    """Write the whole log: before the state, so that it is never behind."""
    write_whole(folder / LOG, "".join(json.dumps(line) + "\n" for line in lines))


def read_log(folder: Path, step: float = math.inf) -> list[dict[str, Any]]:
    """What was logged, up to the step that is resumed from."""
    file = folder / LOG
    texts = file.read_text().splitlines() if file.is_file() else []
    lines = [json.loads(text) for text in texts if text.endswith("}")]
    return [line for line in lines if line["step"] <= step]


def check_same_run(folder: Path, begun_with: Mapping[str, Any], asked_for: Mapping[str, Any]) -> None:
    """Make sure that the run in a folder, whose identity was read from JSON, is the one that is asked for.

    Raises:
        CheckpointError: it is another, with the names of what differs.
    """
    asked_for = json.loads(json.dumps(asked_for))
    if differ := sorted(k for k in begun_with.keys() | asked_for.keys() if begun_with.get(k) != asked_for.get(k)):
        raise CheckpointError(
            f"{folder} holds a training run with other settings ({', '.join(differ)} differ): "
            "resume it with the same, or train into another folder"
        )
