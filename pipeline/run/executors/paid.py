"""Shards whose rows a remote service makes: in the driver's process, which waits for answers and computes little.

One client for the whole run holds to the service's limits and to the budget.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from generators.base import Snippet, Usage
from generators.gpt4o.access import check_address
from generators.gpt4o.answers import Answer
from generators.gpt4o.cost import Budget, price
from generators.gpt4o.generator import Gpt4oGenerator
from generators.gpt4o.requests import Request, likely_output_tokens
from generators.gpt4o.transport import Transport, open_transport
from pipeline.files.storage import Storage
from pipeline.run.answer_store import AnswerStore
from pipeline.run.plan import Plan
from pipeline.run.shard import finish, read_receipt, sample
from schemas.config import RunConfig
from schemas.manifest import Receipt

YIELD = 0.8  # share of rows that become pairs, until a run shows its own
_KNOWN_ROWS = 64  # that this guess is worth
_ROUNDS = 4  # of as many live requests as go at once; so many are asked for together
_SAMPLED = 256  # rows from which a cost is estimated


class PaidExecutor:
    """Runs shards in order, and asks for no more answers at a time than the run will need.

    Args:
        snippets: what the rows start from; asked for when the first shard is.
        config: of the run.
        fingerprint: of its identity.
        storage: of OUT.
        message: is told what was asked and spent, a line at a time.
        base_delay: seconds, of the backoff between tries.

    Raises:
        RequestError: the address of the server will not do.
    """

    def __init__(
        self, snippets: Callable[[], Sequence[Snippet]], config: RunConfig, fingerprint: str, storage: Storage,
        message: Callable[[str], None], *, base_delay: float = 1.0,
    ) -> None:  # fmt: skip
        check_address(config.gpt4o)
        self._snippets = snippets
        self._config = config
        self._plan = Plan(config)
        self._fingerprint = fingerprint
        self._storage = storage
        self._message = message
        self._base_delay = base_delay
        self._rows = self._pairs = 0  # of the shards that are finished
        self._next = 0  # shard

    def execute(self, shards: Iterator[int]) -> Iterator[Receipt]:
        """Receipts in the order of the shards; closing it lets go of the server, and answers are kept.

        Raises:
            RequestError: no key, no such model, no such server.
            RunError: the budget is used up, or nearly every request fails; the same command goes on.
        """
        config = self._config
        account = AnswerStore(self._storage)
        with open_transport(config.gpt4o, account, self._message, base_delay=self._base_delay) as (transport, budget):
            generator = Gpt4oGenerator(config.language, self._snippets(), config.gpt4o, account, transport)
            for first in shards:
                self._pass_over(first)
                window = [first]
                if generator.unanswered(self._requests(generator, first)):
                    window += islice(shards, self._ahead() - 1)
                    self._ask(generator, window, transport, budget)
                for shard in window:
                    self._pass_over(shard)
                    candidates = sample(generator, self._plan, shard)
                    receipt = finish(candidates, config, self._fingerprint, shard, self._storage)
                    self._count(receipt)
                    yield receipt

    def _requests(self, generator: Gpt4oGenerator, shard: int) -> list[Request]:
        return generator.requests(self._plan.shard_seed(shard), range(self._plan.rows))

    def _ask(self, generator: Gpt4oGenerator, window: Sequence[int], transport: Transport, budget: Budget) -> None:
        requests = [request for shard in window for request in self._requests(generator, shard)]
        before = transport.retries
        failed = generator.ask(requests)
        shards = f"shard {window[0]}" if len(window) == 1 else f"shards {window[0]} to {window[-1]}"
        self._message(
            f"{shards}: {len(requests) - failed:,} answers, {failed:,} requests failed, "
            f"{transport.retries - before:,} were sent again; {budget}"
        )

    def _pass_over(self, shard: int) -> None:
        """The driver leaves out the shards that are finished; their receipts say how many rows become pairs."""
        for finished in range(self._next, shard):
            receipt = read_receipt(self._storage, finished, self._fingerprint)
            if receipt is not None:
                self._count(receipt)
        self._next = max(self._next, shard)

    def _count(self, receipt: Receipt) -> None:
        self._rows += self._plan.rows
        self._pairs += receipt.pairs.rows
        self._next = max(self._next, receipt.shard + 1)

    def _ahead(self) -> int:
        """Shards to ask for together.

        Batches take hours, so one should suffice: as many as will be needed by the run's yield so far. Live answers
        come at once, so none that may not be needed is paid for: as many as if every row became a pair, a few rounds
        at a time.
        """
        options, rows = self._config.gpt4o, self._plan.rows
        missing = max(1, self._config.pairs - self._pairs)
        if options.transport == "live":
            return max(1, min(missing, _ROUNDS * options.concurrency) // rows)
        share = (self._pairs + YIELD * _KNOWN_ROWS) / (self._rows + _KNOWN_ROWS)
        return max(1, min(math.ceil(missing / share / rows), options.batch_requests // rows))


def dry_run(config: RunConfig, snippets: Sequence[Snippet]) -> dict[str, Any]:
    """What a run will cost, by the prices in the configuration; nothing is sent.

    Returns:
        ``requests``: as many as it takes if `YIELD` of the rows become pairs; ``input_tokens`` (rather too many) and
        ``output_tokens`` of them, and ``live_dollars`` and ``batch_dollars`` for these; ``most_live_dollars`` and
        ``most_batch_dollars``: if every answer is as long as it may be; ``budget``: dollars at which the run stops.
    """
    options, plan = config.gpt4o, Plan(config)
    rows = math.ceil(config.pairs / YIELD / plan.rows) * plan.rows
    nothing: dict[str, Answer] = {}
    generator = Gpt4oGenerator(config.language, snippets, options, nothing)
    sampled = generator.requests(plan.shard_seed(0), range(min(rows, _SAMPLED)))

    def total(tokens: Callable[[Request], int]) -> int:
        return math.ceil(sum(map(tokens, sampled)) * rows / len(sampled))

    tokens_in, tokens_out = total(lambda r: r.ceiling.input_tokens), total(likely_output_tokens)
    most = total(lambda r: r.ceiling.output_tokens)
    return {
        "requests": rows, "input_tokens": tokens_in, "output_tokens": tokens_out,
        "live_dollars": price(Usage(tokens_in, tokens_out), options),
        "batch_dollars": price(Usage(tokens_in, tokens_out, batched=True), options),
        "most_live_dollars": price(Usage(tokens_in, most), options),
        "most_batch_dollars": price(Usage(tokens_in, most, batched=True), options),
        "budget": options.budget,
    }  # fmt: skip
