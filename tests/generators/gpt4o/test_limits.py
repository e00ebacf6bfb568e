"""Requests and tokens per minute, by a clock of the test's own."""

from __future__ import annotations

import asyncio
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generators.gpt4o.limits import RateLimit
from tests.generators.gpt4o.memory import make_options


class Clock:
    """Time passes only where something sleeps."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds
        await asyncio.sleep(0)


def run(requests: int, tokens: int, sizes: list[int]) -> list[tuple[float, int]]:
    clock = Clock()
    went: list[tuple[float, int]] = []

    async def work() -> None:
        limit = RateLimit(make_options(requests_per_minute=requests, tokens_per_minute=tokens), clock, clock.sleep)
        for size in sizes:
            await limit.acquire(size)
            went.append((clock.now, size))

    asyncio.run(work())
    return went


@settings(max_examples=40)
@given(st.integers(1, 300), st.integers(500, 50_000), st.integers(0, 100))
def test_no_minute_exceeds_what_the_server_allows(requests: int, tokens: int, seed: int) -> None:
    rng = random.Random(seed)
    went = run(requests, tokens, [rng.randint(1, 400) for _ in range(200)])
    for start, _ in went:
        within = [size for when, size in went if start <= when < start + 60 - 1e-6]
        assert len(within) <= max(requests, 1) + 1
        assert sum(within) <= tokens + 400  # one request may be larger than what is left of the minute


def test_the_allowance_is_used() -> None:
    went = run(60, 10**9, [1] * 121)
    assert 115 < went[-1][0] - went[0][0] < 130


def test_a_request_larger_than_a_minute_goes_alone() -> None:
    went = run(1_000, 1_000, [5_000, 10])
    assert went[1][0] - went[0][0] > 200


def test_fewer_tokens_than_estimated_let_the_next_one_go_sooner() -> None:
    clock = Clock()

    async def work(counted: int) -> float:
        limit = RateLimit(make_options(requests_per_minute=1_000, tokens_per_minute=6_000), clock, clock.sleep)
        await limit.acquire(3_000)
        limit.correct(3_000, counted)
        start = clock.now
        await limit.acquire(3_000)
        return clock.now - start

    assert asyncio.run(work(300)) < asyncio.run(work(3_000)) / 5


def test_a_pause_that_the_server_asks_for_holds_for_all() -> None:
    clock = Clock()

    async def work() -> float:
        limit = RateLimit(make_options(), clock, clock.sleep)
        limit.pause(30.0)
        limit.pause(5.0)
        start = clock.now
        await asyncio.gather(*(limit.acquire(1) for _ in range(5)))
        return clock.now - start

    assert asyncio.run(work()) == pytest.approx(30.0, abs=0.1)


def test_requests_go_in_the_order_in_which_they_came() -> None:
    clock, order = Clock(), []

    async def one(limit: RateLimit, number: int) -> None:
        await limit.acquire(1_000 if number == 0 else 1)
        order.append(number)

    async def work() -> None:
        limit = RateLimit(make_options(requests_per_minute=60, tokens_per_minute=1_000), clock, clock.sleep)
        await asyncio.gather(*(one(limit, number) for number in range(8)))

    asyncio.run(work())
    assert order == list(range(8))
