"""Store the golden numbers anew, after a change that is meant to change them; says what changed.

    python tests/generators/diffusion/golden/renew.py

Commit the new numbers together with that change, and name it in CHANGELOG.md: a run's rows change with it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import torch

# Run as a file, only this folder would be on the path.
sys.path.insert(0, str(Path(__file__).resolve().parents[4]))

from tests.generators.diffusion.golden.runs import DIGITS, FILE, differences, numbers, stored


def rounded(value: Any) -> Any:
    """The value with its numbers to `DIGITS` digits."""
    if isinstance(value, dict):
        return {name: rounded(part) for name, part in value.items()}
    if isinstance(value, list):
        return [rounded(part) for part in value]
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


def lines(value: Any, indent: int = 0) -> str:
    """JSON in which a list of plain values stands on one line."""
    if isinstance(value, dict):
        inner = [f"{json.dumps(name)}: {lines(part, indent + 1)}" for name, part in value.items()]
    elif isinstance(value, list) and any(isinstance(part, list) for part in value):
        inner = [lines(part, indent + 1) for part in value]
    else:
        return json.dumps(value)
    start, end = "{}" if isinstance(value, dict) else "[]"
    return f"{start}\n{' ' * (indent + 1)}" + f",\n{' ' * (indent + 1)}".join(inner) + f"\n{' ' * indent}{end}"


def main() -> None:
    torch.set_num_threads(1)
    found = rounded(numbers())
    before = stored() if FILE.is_file() else {}
    changes = list(differences(before, found))
    if not changes:
        print("nothing has changed")
        return
    FILE.write_text(lines(found) + "\n")
    print(f"{len(changes)} numbers have changed, among them:", *changes[:10], sep="\n")


if __name__ == "__main__":
    main()
