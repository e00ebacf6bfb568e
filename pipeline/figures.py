"""The figures of a published version, as the manifest keeps them and the card prints them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import pyarrow as pa

from schemas.config import Gpt4oOptions, RunConfig
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
    return {"cost": spent.model_dump() | {"dollars": round(dollars(spent, config.gpt4o), 6)}}


def dollars(spent: Spent, options: Gpt4oOptions) -> float:
    """By the prices of the run."""
    share = 1 - options.batch_discount
    paid_in = spent.input_tokens + share * spent.batched_input_tokens
    paid_out = spent.output_tokens + share * spent.batched_output_tokens
    return (paid_in * options.input_price + paid_out * options.output_price) / 1_000_000
