"""Noise levels on either axis."""

from __future__ import annotations

import pytest

from pipeline.repair.noise_levels import RECOVERIES, Levels, read_levels
from schemas.errors import RequestError

CURVE = [max(0.0, 1 - i / 50) for i in range(101)]  # recovery falls linearly to 0 at t/T = 0.5


def test_without_a_request_there_are_nine_levels_by_recovery() -> None:
    assert read_levels(None, None) == Levels("recovery", RECOVERIES)
    assert len(RECOVERIES) == 9


def test_recovery_is_translated_by_the_models_own_curve() -> None:
    assert read_levels(None, "0.2,0.9").of_model(CURVE) == pytest.approx([0.05, 0.4])


def test_levels_are_taken_as_they_are() -> None:
    assert read_levels("0.5, 0.1,0.1", None).of_model(CURVE) == [0.1, 0.5]


@pytest.mark.parametrize("text", ["", "a", "0.1,,0.2", "0", "-0.1", "1.5", "nan", "inf"])
def test_what_is_no_level_is_refused(text: str) -> None:
    for given in ((text, None), (None, text)):
        with pytest.raises(RequestError, match=r"no list of numbers|above 0 and at most 1"):
            read_levels(*given)


def test_one_axis_at_a_time() -> None:
    with pytest.raises(RequestError, match="not both"):
        read_levels("0.1", "0.9")
