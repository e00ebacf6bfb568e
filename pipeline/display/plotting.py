"""How figures look and where they go: one PNG and one SVG each, the same bytes for the same data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_STYLE: Any = {
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.constrained_layout.use": True,
    "font.size": 9.0,
    "grid.alpha": 0.3,
    "svg.fonttype": "none",
    "svg.hashsalt": "repairgen",
}


def new_figure(columns: int = 1, *, width: float = 4.5, height: float = 3.2) -> tuple[Figure, list[Axes]]:
    """A figure of ``columns`` plots side by side, each ``width`` by ``height`` inches; nothing is shown on a screen."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(width * columns, height))
        axes = figure.subplots(1, columns, squeeze=False)
    return figure, list(axes[0])


def save_figure(figure: Figure, folder: Path, name: str) -> list[str]:
    """Write ``name``.png and ``name``.svg into ``folder``; gives their names."""
    import matplotlib

    folder.mkdir(parents=True, exist_ok=True)
    names = [f"{name}.png", f"{name}.svg"]
    with matplotlib.rc_context(_STYLE):
        figure.savefig(folder / names[0], dpi=150, metadata={"Software": None})
        figure.savefig(folder / names[1], metadata={"Date": None})
    return names
