"""What requests cost: tokens, dollars, and the budget that a run keeps to."""

from __future__ import annotations

import math
from collections.abc import Sequence

from generators.base import Usage
from generators.gpt4o.answers import Account
from generators.gpt4o.prompts import Message
from schemas.config import Gpt4oOptions
from schemas.errors import RunError

BYTES_A_TOKEN = 3  # of our English and examples; tokenizers of these models reach four and more
_MESSAGE = 8  # tokens that frame a message


def input_tokens(messages: Sequence[Message], snippets: int = 1) -> int:
    """Tokens of a prompt, rather too many: a tokenizer is a download, and a budget must hold without it.

    The last message, or as many as hold ``snippets``, counts a token a byte, as dense code may come near to it, and no
    byte-level tokenizer exceeds it; those before it are known text.
    """
    sizes = [len(message["content"].encode("utf-8", "surrogatepass")) for message in messages]
    known, dense = sizes[:-snippets], sizes[-snippets:]
    return math.ceil(sum(known) / BYTES_A_TOKEN) + sum(dense) + _MESSAGE * len(messages)


def price(usage: Usage, options: Gpt4oOptions) -> float:
    """In dollars. Discounts for what a server remembers of earlier prompts are not known here: rather too much."""
    dollars = (usage.input_tokens * options.input_price + usage.output_tokens * options.output_price) / 1_000_000
    return dollars * (1 - options.batch_discount) if usage.batched else dollars


class Budget:
    """The dollars of a run: those spent, those lost on answers that never came, and those at stake in open requests.

    An open request stakes all that it can cost by `input_tokens` and the limit of its answer, so that no outcome
    exceeds the limit. What is at stake or lost is kept in the account before the risk is taken: after a kill it counts
    as lost, since the server may have answered.
    """

    def __init__(self, options: Gpt4oOptions, account: Account) -> None:
        self.limit = options.budget
        self.spent = sum(price(usage, options) for usage in account.paid())
        self.lost = account.risked()
        self.staked = 0.0
        self._account = account
        self._lost_before = self.lost
        self._recorded = 0.0

    def fits(self, dollars: float) -> bool:
        """Whether so much more can be staked."""
        return self.spent + self.lost + self.staked + dollars <= self.limit + 1e-9

    def stake(self, dollars: float) -> None:
        """Set aside what requests can cost that are about to be sent."""
        self.staked += dollars

    def settle(self, staked: float, *, spent: float = 0.0, lost: float = 0.0) -> None:
        """Their outcome is known."""
        self.staked = max(0.0, self.staked - staked)
        self.spent += spent
        self.lost += lost

    def record_stakes(self) -> None:
        """See to it that the account knows of all that a kill could lose now."""
        at_risk = self.lost - self._lost_before + self.staked
        if at_risk > self._recorded:
            self._record(at_risk)

    def record_losses(self) -> None:
        """Nothing is at stake any more: what was lost stands."""
        lost = self.lost - self._lost_before
        if lost != self._recorded:
            self._record(lost)

    def _record(self, dollars: float) -> None:
        self._account.risk(dollars)
        self._recorded = dollars

    def __str__(self) -> str:
        lost = f", up to ${self.lost:.2f} more lost on answers that never came" if self.lost >= 0.005 else ""
        return f"${self.spent:.2f} of ${self.limit:.2f} spent{lost}"

    def exhausted(self, dollars: float, requests: int = 1) -> RunError:
        """Why the run stops."""
        following = "request" if requests == 1 else f"{requests} requests"
        return RunError(
            f"the budget is used up: {self}, and the next {following} may cost ${dollars:.4f}; what is answered is "
            f"kept, the same command with a higher budget (run --set gpt4o.budget={2 * self.limit:g}, evaluate repair "
            f"--budget {2 * self.limit:g}) goes on"
        )
