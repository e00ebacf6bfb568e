"""Requests and tokens per minute, as the server allows them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from schemas.config import Gpt4oOptions

_BURST = 0.05  # of a minute's allowance may go at once; the rest trickles in, so that no minute exceeds it
_TICK = 1e-4  # seconds; rounding leaves less than that over


class Bucket:
    """A token bucket. What is larger than the bucket goes when it is full, and leaves it in debt."""

    def __init__(self, per_minute: float, now: float) -> None:
        self._size = per_minute * _BURST
        self._rate = per_minute * (1 - _BURST) / 60
        self._level = self._size
        self._at = now

    def delay(self, amount: float, now: float) -> float:
        """Seconds until so much may go."""
        self._fill(now)
        return max(0.0, min(amount, self._size) - self._level) / self._rate

    def take(self, amount: float, now: float) -> None:
        """It goes; a negative amount comes back."""
        self._fill(now)
        self._level = min(self._size, self._level - amount)

    def _fill(self, now: float) -> None:
        self._level = min(self._size, self._level + (now - self._at) * self._rate)
        self._at = now


class RateLimit:
    """Lets requests go one after the other, in the order in which they came."""

    def __init__(
        self,
        options: Gpt4oOptions,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._requests = Bucket(options.requests_per_minute, clock())
        self._tokens = Bucket(options.tokens_per_minute, clock())
        self._resume = clock()
        self._turn = asyncio.Lock()

    async def acquire(self, tokens: int) -> None:
        """Wait until a request of so many tokens, estimated, may go."""
        async with self._turn:
            while (delay := self._delay(tokens)) > _TICK:
                await self._sleep(delay)
            now = self._clock()
            self._requests.take(1, now)
            self._tokens.take(tokens, now)

    def correct(self, estimated: int, counted: int) -> None:
        """The server has counted the tokens of a request."""
        self._tokens.take(counted - estimated, self._clock())

    def pause(self, seconds: float) -> None:
        """Nothing goes for so long, as the server has asked."""
        self._resume = max(self._resume, self._clock() + seconds)

    def _delay(self, tokens: int) -> float:
        now = self._clock()
        return max(self._resume - now, self._requests.delay(1, now), self._tokens.delay(tokens, now))
