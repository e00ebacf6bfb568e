"""A model from a run that goes on: a copy of its state, with which the learning rate falls.

A run at a constant rate (``training.decay_share=0``) gives its best model only once the rate has fallen. A copy is
finished for that, after one hour, after two, after ten, and the run itself loses nothing. The copy is exactly the run
that would have been meant to end there.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from generators.checkpoints import CheckpointError
from generators.diffusion.config import Preset, TrainingConfig
from generators.diffusion.run_identity import check_identity
from generators.training_state import LOG, copy_state, read_log
from schemas.files import write_whole

PLAN = "finish.json"
_TENTH = 10  # one part in so many is the length of finishing, if none is given


def finish(
    source: Path, folder: Path, preset: Preset, identity: Mapping[str, Any], *,
    steps: int | None = None, minutes: float | None = None,
) -> Preset:  # fmt: skip
    """Begin ``folder`` as a copy of the run in ``source``, and give the settings with which it ends.

    The rate falls over ``steps`` more steps or ``minutes`` more minutes; over a tenth of the steps so far if neither
    is given. Where ``folder`` was begun so before, that goes on. ``source`` may be running; nothing in it is changed.

    Args:
        preset: settings of the run.
        identity: as of `run_identity`, to be that of ``source``.

    Raises:
        CheckpointError: no state, another run, one whose rate has begun to fall, or ``folder`` is in use.
    """
    plan_file = folder / "training" / PLAN
    asked = {"steps": steps, "minutes": minutes}
    if plan_file.is_file():
        plan = json.loads(plan_file.read_text())
        if plan["asked"] != asked:
            raise CheckpointError(f"{folder} is finished over another length: give the same, or another folder")
    elif (folder / "training").exists():
        raise CheckpointError(f"{folder} holds a training run of its own: finish into another folder")
    else:
        plan = _copy(source / "training", folder, preset.training, identity, asked)
    return preset.model_copy(update={"training": preset.training.model_copy(update=plan["settings"])})


def _copy(
    source: Path, folder: Path, settings: TrainingConfig, identity: Mapping[str, Any], asked: Mapping[str, Any]
) -> dict[str, Any]:
    """Copy everything under another name, which is changed at last: the copy is whole or not there."""
    new = folder / ".training"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    try:
        values = copy_state(source, new)
        for name in ("dataset.json", "tokenizer.json", LOG):
            shutil.copyfile(source / name, new / name)
        dataset, log = json.loads((new / "dataset.json").read_text()), read_log(new, values["step"])
        check_identity(source.parent, dataset["identity"], identity)
        _check_rate(source.parent, settings, log)
        plan = {"asked": asked, "settings": _ending(values["step"], seconds_of(values, log), **asked)}
        dataset["identity"]["training.decay_share"] = plan["settings"]["decay_share"]
        write_whole(new / "dataset.json", json.dumps(dataset))
        write_whole(new / PLAN, json.dumps(plan))
        new.rename(folder / "training")
    except (OSError, ValueError, KeyError) as error:
        raise CheckpointError(f"the training in {source.parent} cannot be copied to {folder}: {error!r}") from error
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return plan


def _check_rate(folder: Path, settings: TrainingConfig, log: list[dict[str, Any]]) -> None:
    rates = [line["learning_rate"] for line in log if "learning_rate" in line and line["step"] >= settings.warmup_steps]
    if rates and rates[-1] < 0.999 * settings.learning_rate:
        raise CheckpointError(
            f"the learning rate in {folder} has begun to fall already: resume that training instead, to its end"
        )


def _ending(step: int, seconds: float, steps: int | None, minutes: float | None) -> dict[str, Any]:
    """The settings of a run that is at the end of its constant rate after ``step`` steps, or ``seconds`` seconds."""
    if minutes is not None:
        total = seconds / 60 + minutes
        return {"max_minutes": total, "decay_share": minutes / total}
    more = steps or max(1, step // _TENTH)
    return {"steps": step + more, "max_minutes": None, "decay_share": more / (step + more)}


def seconds_of(values: Mapping[str, Any], log: list[dict[str, Any]]) -> float:
    """The seconds that a state's steps took; older states do not hold them, and the log comes close."""
    spent = max((line.get("core_seconds", 0.0) for line in log), default=0.0)
    return float(values.get("seconds", spent))
