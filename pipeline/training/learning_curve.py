"""What each further core-hour of a training gave, as a picture for the model card."""

from __future__ import annotations

from pathlib import Path

from generators.diffusion.card import CURVE, hours
from generators.training_state import read_log
from pipeline.display.plotting import new_figure, save_figure

FIGURES = {"accepted": "accepted", "accepted_novel_distinct_nontrivial": "also novel, distinct, non-trivial"}


def draw_learning_curve(folder: Path) -> list[str]:
    """Samples and held-out cross-entropy by core-hours, from the log in a training's folder; the files' names.

    Nothing is drawn where nothing was evaluated yet.
    """
    whole = read_log(folder / "training")
    log = [line for line in whole if "validation_cross_entropy" in line]
    if not log:
        return []
    spent = [line["core_seconds"] / 3600 for line in log]
    figure, (quality, loss) = new_figure(2)
    for name, label in FIGURES.items():
        quality.plot(spent, [line[name] for line in log], marker=".", label=label)
    quality.set(xlabel=hours(whole), ylabel="share of samples", ylim=(0, 1))
    quality.legend()
    loss.plot(spent, [line["validation_cross_entropy"] for line in log], marker=".")
    loss.set(xlabel=hours(whole), ylabel="held-out cross-entropy, nats a token")
    return save_figure(figure, folder, CURVE.removesuffix(".png"))
