"""How requests reach the server: one by one, or as batches at a lower price within a day."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Protocol

from generators.gpt4o.answers import Account
from generators.gpt4o.cost import Budget
from generators.gpt4o.requests import Request
from schemas.config import Gpt4oOptions


class Transport(Protocol):
    """Has requests answered."""

    retries: int  # requests that were sent again, so far

    def ask(self, requests: Sequence[Request]) -> dict[str, str]:
        """See to it that each request's answer is in the account; those that are there already are not sent.

        Returns:
            the keys of the requests that failed for good, with the reason.

        Raises:
            RequestError: the server or the model is not there, or the key is refused.
            RunError: the budget is used up, or nearly everything fails. What was answered is kept in any case.
        """
        ...

    def close(self) -> None:
        """Let go of the server."""
        ...


@contextmanager
def open_transport(
    options: Gpt4oOptions, account: Account, message: Callable[[str], None], *, base_delay: float = 1.0
) -> Iterator[tuple[Transport, Budget]]:
    """The transport that the options name; batches of an earlier attempt are waited for first, whichever it is.

    Args:
        base_delay: seconds, of the backoff between tries.

    Raises:
        RequestError, RunError: as for `Transport.ask`.
    """
    from generators.gpt4o.batch import BatchTransport
    from generators.gpt4o.live import LiveTransport
    from generators.gpt4o.service import Backoff, Service

    service, budget, backoff = Service(options), Budget(options, account), Backoff(base=base_delay)
    if options.transport == "batch" or account.submissions():
        with closing(BatchTransport(options, account, budget, service, backoff, message)) as batches:
            batches.resume()
            if options.transport == "batch":
                yield batches, budget
                return
    with closing(LiveTransport(options, account, budget, service, backoff)) as live:
        yield live, budget
