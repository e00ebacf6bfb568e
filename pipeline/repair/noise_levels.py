"""At which noise levels a snippet is injected: as t/T, or by the model's own token recovery."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from schemas.errors import RequestError

Axis = Literal["level", "recovery"]

RECOVERIES = (0.99, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3)  # from little noise to much


@dataclass(frozen=True, slots=True)
class Levels:
    """Points on one of the two axes; only a model's recovery curve makes t/T of token recovery."""

    axis: Axis = "recovery"
    points: tuple[float, ...] = RECOVERIES

    def of_model(self, recovery: Sequence[float]) -> list[float]:
        """The points as noise levels t/T of the model with this recovery curve, rising and distinct."""
        if self.axis == "level":
            return sorted(set(self.points))
        from generators.diffusion.recovery import level_at

        return sorted({round(level_at(recovery, point), 6) for point in self.points})


def read_levels(noise_levels: str | None, recovery: str | None) -> Levels:
    """The levels that a user asks for, on either axis; `RECOVERIES` if on none.

    Args:
        noise_levels: t/T between 0 and 1, with commas.
        recovery: shares of tokens that can still be read, between 0 and 1, with commas.

    Raises:
        RequestError: both axes, or what is no such number.
    """
    if noise_levels is not None and recovery is not None:
        raise RequestError("give --noise-levels or --recovery, not both: they are two axes of the same thing")
    if noise_levels is not None:
        return Levels("level", _numbers("--noise-levels", noise_levels))
    return Levels("recovery", _numbers("--recovery", recovery)) if recovery is not None else Levels()


def _numbers(option: str, text: str) -> tuple[float, ...]:
    try:
        points = tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise RequestError(f"{option} {text!r} is no list of numbers; give them as in {option} 0.05,0.1,0.2") from error
    if not all(0 < point <= 1 for point in points):
        raise RequestError(f"{option} {text!r}: every number must be above 0 and at most 1")
    return points
