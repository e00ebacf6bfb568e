"""The learning curve of a training's own log."""

from __future__ import annotations

from pathlib import Path

from generators.training_state import write_log
from pipeline.learning_curve import draw_learning_curve


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
