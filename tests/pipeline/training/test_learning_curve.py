"""The learning curve of a training's own log."""

from __future__ import annotations

from pathlib import Path

import pytest

from generators.training_state import write_log
from pipeline.training.learning_curve import draw_learning_curve


def test_it_is_drawn_from_what_was_evaluated(tmp_path: Path) -> None:
    (tmp_path / "training").mkdir()
    line = {"step": 1, "core_seconds": 36.0}
    write_log(tmp_path / "training", [line])
    assert draw_learning_curve(tmp_path) == []
    evaluated = {"validation_cross_entropy": 1.0, "accepted": 0.5, "accepted_novel_distinct_nontrivial": 0.25}
    write_log(tmp_path / "training", [line, {"step": 2, "core_seconds": 72.0} | evaluated])
    assert draw_learning_curve(tmp_path) == ["curve.png", "curve.svg"]
    first = (tmp_path / "curve.png").read_bytes()
    write_log(tmp_path / "training", [line, {"step": 2, "core_seconds": 72.0} | evaluated | {"accepted": 0.9}])
    draw_learning_curve(tmp_path)
    assert (tmp_path / "curve.png").read_bytes() != first


def test_nothing_is_drawn_of_a_training_that_has_not_begun(tmp_path: Path) -> None:
    assert draw_learning_curve(tmp_path) == []
    assert not list(tmp_path.iterdir())


def test_the_hours_are_those_of_the_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "training").mkdir()
    labels: list[str] = []
    monkeypatch.setattr("pipeline.training.learning_curve.save_figure", lambda figure, folder, name: labels.extend(
        axes.get_xlabel() for axes in figure.axes) or [])  # fmt: skip
    evaluated = {"validation_cross_entropy": 1.0, "accepted": 0.5, "accepted_novel_distinct_nontrivial": 0.25}
    for device in ("cpu", "cuda"):
        lines = [{"step": 0, "device": device}, {"step": 2, "core_seconds": 72.0} | evaluated]
        write_log(tmp_path / "training", lines)
        draw_learning_curve(tmp_path)
    assert labels == ["core-hours"] * 2 + ["GPU-hours"] * 2
