"""The figures of a published version, as the manifest keeps them and the card prints them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

import pyarrow as pa

from generators.base import Candidate, Usage
from generators.gpt4o.cost import price
from schemas.config import RunConfig
from schemas.ledger import Ledger
from schemas.manifest import NEAR, LevelYield, Receipt, Spent
from schemas.reasons import Reason
from validators import get_language
from validators.edit_types import PairEdits, divergence, histogram, pair_edits
from validators.filters import reasons_behind
from validators.human_edits import load_human_edits

_LONGEST = 10  # token edit distances from here on share a line
_COMPARED = 3_000  # pairs, whose edits are compared with people's
_COMMONEST = 12  # edit types that a card lists
_AFTER_C0 = reasons_behind(Reason.FIXED_REJECTED) | {Reason.BENCHMARK_OVERLAP}  # is accepted


class LevelYields:
    """What becomes of rows, counted by the noise level of their broken side."""

    def __init__(self) -> None:
        self._levels: dict[int, LevelYield] = defaultdict(LevelYield)

    def add(self, candidate: Candidate, reason: Reason | None, distance: int | None) -> None:
        """Count a row, if its generator has timesteps: why it is no pair, or how many tokens its sides are apart."""
        if candidate.timestep is None or candidate.num_steps is None:
            return
        self._levels[_tenth(candidate.timestep, candidate.num_steps)] += LevelYield(
            sampled=1,
            repaired=int(reason is None or reason in _AFTER_C0),
            pairs=int(reason is None),
            near=int(reason is None and distance is not None and distance <= NEAR),
        )

    @property
    def by_tenth(self) -> dict[int, LevelYield] | None:
        """By tenth of t/T; None where no row has a timestep."""
        return dict(sorted(self._levels.items())) or None


def level_yields(receipts: Iterable[Receipt]) -> dict[str, Any]:
    """Where on their trajectories the shards' rows became pairs; nothing where there are none."""
    total: dict[int, LevelYield] = defaultdict(LevelYield)
    for receipt in receipts:
        for tenth, counts in (receipt.levels or {}).items():
            total[tenth] += counts
    return {"level_yields": {_range(k): n.model_dump() for k, n in sorted(total.items())}} if total else {}


def _tenth(t: int, steps: int) -> int:
    """Where t/T is in (0, 1], as `diffusion.t_range` counts: 0 up to 0.1, 9 above 0.9."""
    return (10 * t - 1) // steps


def _range(tenth: int) -> str:
    return f"{tenth / 10:.1f} to {(tenth + 1) / 10:.1f}"


class Figures:
    """Counts over published pairs, table by table."""

    def __init__(self) -> None:
        self._distances: Counter[int] = Counter()
        self._noise: Counter[int] = Counter()
        self._kinds: Counter[str] = Counter()

    def add(self, table: pa.Table) -> None:
        """Count the pairs of a table."""
        self._distances.update(min(d, _LONGEST) for d in table["token_edit_distance"].to_pylist())
        self._kinds.update(kind or "accepted" for kind in table["error_kind"].to_pylist())
        for t, steps in zip(table["timestep"].to_pylist(), table["num_steps"].to_pylist(), strict=True):
            if t is not None and steps is not None:
                self._noise[_tenth(t, steps)] += 1

    def to_dict(self, ledger: Ledger) -> dict[str, Any]:
        """Everything by name; histograms in the order in which they are read."""
        passed = ledger.written + ledger.reasons[Reason.DUPLICATE] + ledger.reasons[Reason.SURPLUS]
        return {
            "acceptance": round(passed / ledger.sampled, 6),
            "token_edit_distance": {
                f"{d} or more" if d == _LONGEST else str(d): n for d, n in sorted(self._distances.items())
            },
            "noise_level": {_range(k): n for k, n in sorted(self._noise.items())},
            "error_kind": dict(sorted(self._kinds.items(), key=lambda item: (-item[1], item[0]))),
        }


class HumanLikeness:
    """How far the edits of the first pairs are from those of real mistakes, where a language has a record of these."""

    def __init__(self, language: str) -> None:
        """Read the record of people.

        Raises:
            RequestError: it is damaged.
        """
        self._language = get_language(language)
        self._people = load_human_edits(language)
        self._pairs: list[PairEdits] = []

    def add(self, table: pa.Table) -> None:
        """Look at the pairs of a table, until there are enough."""
        if self._people is None:
            return
        first = table.slice(0, _COMPARED - len(self._pairs))
        sides = zip(first["broken"].to_pylist(), first["fixed"].to_pylist(), strict=True)
        self._pairs += [pair_edits(self._language, broken, fixed) for broken, fixed in sides]

    def to_dict(self) -> dict[str, Any]:
        """Nothing where there is no record of people, or no pair with an edit."""
        people, shares = self._people, histogram(self._pairs)
        if people is None or not shares:
            return {}
        largest = {name: max(shares.get(name, 0.0), people.shares.get(name, 0.0)) for name in shares | people.shares}
        commonest = sorted(largest, key=lambda name: (-round(largest[name], 6), name))[:_COMMONEST]
        return {
            "human_likeness": {
                "pairs": len(self._pairs),
                "divergence": round(divergence(shares, people.shares), 6),
                "people": people.model_dump(include={"pairs", "files", "floor", "date"}),
                "edit_types": {
                    name: {"pairs": round(shares.get(name, 0.0), 6), "people": people.shares.get(name, 0.0)}
                    for name in commonest
                },
            }
        }


def cost(receipts: Iterable[Receipt], config: RunConfig) -> dict[str, Any]:
    """What the answers behind the shards' rows took, tokens and dollars; nothing where nothing is paid for."""
    spent = sum((receipt.spent for receipt in receipts if receipt.spent is not None), Spent())
    if not spent.answers:
        return {}
    live = Usage(spent.input_tokens, spent.output_tokens)
    batched = Usage(spent.batched_input_tokens, spent.batched_output_tokens, batched=True)
    dollars = price(live, config.gpt4o) + price(batched, config.gpt4o)
    return {"cost": spent.model_dump() | {"dollars": round(dollars, 6)}}
