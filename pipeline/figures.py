"""The figures of a published version, as the manifest keeps them and the card prints them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import pyarrow as pa

from generators.base import Usage
from generators.gpt4o.cost import price
from schemas.config import RunConfig
from schemas.ledger import Ledger
from schemas.manifest import Receipt, Spent
from schemas.reasons import Reason

_LONGEST = 10  # token edit distances from here on share a line


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
                self._noise[min(10 * t // steps, 9)] += 1

    def to_dict(self, ledger: Ledger) -> dict[str, Any]:
        """Everything by name; histograms in the order in which they are read."""
        passed = ledger.written + ledger.reasons[Reason.DUPLICATE] + ledger.reasons[Reason.SURPLUS]
        return {
            "acceptance": round(passed / ledger.sampled, 6),
            "token_edit_distance": {
                f"{d} or more" if d == _LONGEST else str(d): n for d, n in sorted(self._distances.items())
            },
            "noise_level": {f"{k / 10:.1f} to {(k + 1) / 10:.1f}": n for k, n in sorted(self._noise.items())},
            "error_kind": dict(sorted(self._kinds.items(), key=lambda item: (-item[1], item[0]))),
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
