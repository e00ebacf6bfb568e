"""Requests one by one, many at a time, within the server's limits and the budget.

An answer is in the account before it is used, so that no kill makes it be paid for again. Requests that are under way
at a kill are the one exception: the server may answer them after all, and a protocol without identifiers of requests
has no way to get at these answers. They are as many as `concurrency` at most, and the budget counts them as lost.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count

import openai

from generators.base import Usage
from generators.gpt4o.answers import Account, Answer, read_answer
from generators.gpt4o.cost import Budget, price
from generators.gpt4o.limits import RateLimit
from generators.gpt4o.requests import Request
from generators.gpt4o.service import ERRORS, HOPELESS, Backoff, RequestOutcome, Service
from schemas.config import Gpt4oOptions
from schemas.errors import ReportedError, RunError

logger = logging.getLogger(__name__)


class LiveTransport:
    """Asks with as many workers as `concurrency` says; one event loop serves all calls."""

    def __init__(
        self, options: Gpt4oOptions, account: Account, budget: Budget, service: Service, backoff: Backoff
    ) -> None:
        self._options = options
        self._account = account
        self._budget = budget
        self._service = service
        self._backoff = backoff
        self._client = openai.AsyncOpenAI(**service.client_settings)
        self._limit = RateLimit(options)
        self._under_way = 0  # requests
        self._settled = asyncio.Event()  # some request's stake in the budget is free again
        self._waiting: set[asyncio.Task[None]] = set()  # workers with no request under way
        self._failed: dict[str, str] = {}
        self._in_a_row = 0
        self._error: ReportedError | None = None  # what ends the run
        self.retries = 0
        self._runner = asyncio.Runner()

    def ask(self, requests: Sequence[Request]) -> dict[str, str]:
        """See `Transport.ask`."""
        return self._runner.run(self._ask_all(requests))

    def close(self) -> None:
        """See `Transport.close`."""
        try:
            self._runner.run(self._client.close())
        finally:
            self._runner.close()
            self._budget.record_losses()

    async def _ask_all(self, requests: Sequence[Request]) -> dict[str, str]:
        self._failed = {}
        missing = {r.key: r for r in requests if r.key not in self._account}
        shared = iter(missing.values())
        number = min(self._options.concurrency, len(missing))
        workers = [asyncio.create_task(self._work(shared)) for _ in range(number)]
        try:
            results = await asyncio.gather(*workers, return_exceptions=True)
        finally:
            for worker in workers:  # on an interrupt
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
        if self._error is not None:
            raise self._error
        for result in results:
            if result is not None:
                raise result
        return self._failed

    async def _work(self, requests: Iterator[Request]) -> None:
        """Take requests until there are none left, or something ends the run."""
        for request in requests:
            if self._error is not None:
                return
            try:
                await self._answer(request)
            except ReportedError as error:
                self._stop(error)

    def _stop(self, error: ReportedError) -> None:
        """Begin no new request; those that are under way may be paid for, and are waited for."""
        self._error = self._error or error
        for worker in self._waiting:
            worker.cancel()

    @contextmanager
    def _idle(self) -> Iterator[None]:
        """This worker waits, and may be cancelled without loss."""
        task = asyncio.current_task()
        assert task is not None
        self._waiting.add(task)
        try:
            yield
        finally:
            self._waiting.discard(task)

    async def _answer(self, request: Request) -> None:
        """Try until the request is answered, or has failed for good."""
        for tries in count():
            with self._idle():
                await self._limit.acquire(request.tokens)
                await self._stake(request)
            trouble = await self._try(request)
            if trouble is None:
                self._in_a_row = 0
                return
            if trouble.fatal is not None:
                raise trouble.fatal
            if not trouble.again or tries == self._options.retries or self._error is not None:
                return self._give_up(request, trouble)
            self.retries += 1
            delay = self._backoff.delay(tries) if trouble.wait is None else trouble.wait
            logger.info("request %s: %s; again in %.1f s", request.key[:12], trouble.what, delay)
            if trouble.wait is not None:
                self._limit.pause(trouble.wait)
            with self._idle():
                await asyncio.sleep(delay)

    def _give_up(self, request: Request, trouble: RequestOutcome) -> None:
        """One row is lost; where none succeeds any more, the run stops instead of losing the rest."""
        self._failed[request.key] = trouble.what
        self._in_a_row += 1
        logger.warning("request %s failed for good: %s", request.key[:12], trouble.what)
        if self._in_a_row >= HOPELESS:
            raise RunError(
                f"{HOPELESS} requests in a row failed, the last with {trouble.what}; what is answered is kept, the "
                "same command goes on"
            )

    async def _stake(self, request: Request) -> None:
        """Wait until the budget holds what the request can cost."""
        dollars = price(request.ceiling, self._options)
        while not self._budget.fits(dollars):
            if not self._under_way:
                raise self._budget.exhausted(dollars)
            self._settled.clear()
            await self._settled.wait()
        self._under_way += 1
        self._budget.stake(dollars)
        self._budget.record_stakes()

    async def _try(self, request: Request) -> RequestOutcome | None:
        """Send the request once; its answer is in the account when this returns None."""
        stake = lost = price(request.ceiling, self._options)  # until the outcome is known
        spent = 0.0
        try:
            answer = await self._send(request)
            await asyncio.to_thread(self._account.put, request.key, answer)
            spent, lost = price(answer.usage, self._options), 0.0
            self._limit.correct(request.tokens, answer.usage.input_tokens + answer.usage.output_tokens)
            return None
        except ERRORS as error:
            trouble = self._service.diagnose(error)
            lost = stake if trouble.may_be_paid else 0.0
            if trouble.declined:
                answer = Answer(finish_reason="content_filter", refusal=trouble.what, usage=Usage(0, 0))
                await asyncio.to_thread(self._account.put, request.key, answer)
                return None
            return trouble
        finally:
            self._under_way -= 1
            self._budget.settle(stake, spent=spent, lost=lost)
            self._settled.set()

    async def _send(self, request: Request) -> Answer:
        """The answer to one request.

        Raises:
            ERRORS: there is none, or it cannot be read.
        """
        async with asyncio.timeout(self._options.timeout):  # of the whole, where the client's is of each pause
            body = await self._client.post("/chat/completions", cast_to=object, body=request.body)
        self._service.reached = True
        return read_answer(body, ceiling=request.ceiling)
