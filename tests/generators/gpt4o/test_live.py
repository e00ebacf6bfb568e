"""Requests one by one, against a server on loopback that fails as real ones do."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from typing import Any

import pytest

from generators.gpt4o import service as service_module
from generators.gpt4o.access import KEY
from generators.gpt4o.cost import price
from generators.gpt4o.generator import Gpt4oGenerator
from generators.gpt4o.limits import RateLimit
from generators.gpt4o.service import Backoff
from schemas.errors import ReportedError, RequestError, RunError
from schemas.reasons import Reason
from tests.generators.gpt4o.memory import SNIPPETS, MemoryAccount, client, make_options, make_requests
from tests.generators.gpt4o.server import SNAPSHOT, Plan, body_key, serving

ROWS = 30
LOST = ("truncated", "malformed", "empty", "lost")  # faults after which an answer must be paid that never came


def ask(url: str, account: MemoryAccount, rows: int = ROWS, **settings: Any) -> dict[str, str]:
    options = make_options(url, **settings)
    with client(options, account) as (transport, _):
        return transport.ask(make_requests(options, rows))


def test_every_request_is_answered_once_and_kept_with_what_it_took() -> None:
    account = MemoryAccount()
    with serving() as server:
        assert ask(server.url, account) == {}
        assert ask(server.url, account) == {}
    assert sorted(account.puts) == sorted(account.answers) and len(account.puts) == ROWS
    assert set(server.delivered.values()) == {1}
    answer = next(iter(account.answers.values()))
    assert (answer.model, answer.system_fingerprint, answer.finish_reason) == (SNAPSHOT, "fp_test", "stop")
    options = make_options()
    assert sum(price(a.usage, options) for a in account.answers.values()) == pytest.approx(server.dollars())


def test_the_estimate_of_a_request_is_above_what_the_server_counts() -> None:
    account = MemoryAccount()
    with serving() as server:
        options = make_options(server.url)
        ask(server.url, account)
        for request in make_requests(options, ROWS):
            usage = account.answers[request.key].usage
            assert usage.input_tokens <= request.ceiling.input_tokens
            assert usage.output_tokens <= request.ceiling.output_tokens


@pytest.mark.parametrize(
    "fault", ["429", "429_after", "429_date", "408", "409", "500", "503", "truncated", "malformed", "empty", "lost"]
)
def test_what_passes_is_tried_again_until_it_is_answered(fault: str) -> None:
    account = MemoryAccount()
    with serving(Plan(faults={fault: 0.4}, seed=3)) as server:
        options = make_options(server.url, retries=30)
        with client(options, account) as (transport, budget):
            assert transport.ask(make_requests(options, ROWS)) == {}
            assert transport.retries == server.injected[fault] > 5
            assert len(account.answers) == ROWS
            assert max(server.delivered.values()) == 1
            undelivered = sum(not bill.delivered for bill in server.bills)
            assert undelivered == (server.injected[fault] if fault in LOST else 0)
            assert server.dollars() <= budget.spent + budget.lost + 1e-9
            assert (budget.lost > 0) == (undelivered > 0 or fault == "408")


def test_an_answer_that_comes_too_late_is_asked_for_again_and_counted_as_lost() -> None:
    account = MemoryAccount()
    with serving(Plan(faults={"slow": 0.5}, seed=1, delay=1.5)) as server:
        options = make_options(server.url, timeout=0.7, retries=20)
        with client(options, account) as (transport, budget):
            assert transport.ask(make_requests(options, 5)) == {}
        assert server.injected["slow"] > 0
        assert server.dollars() <= budget.spent + budget.lost + 1e-9


def test_retry_after_is_waited_for_by_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a concurrency of one, no request comes within the time that the one before it was told to wait."""
    pauses: list[float] = []
    pause = RateLimit.pause
    monkeypatch.setattr(RateLimit, "pause", lambda limit, seconds: (pauses.append(seconds), pause(limit, seconds)))
    with serving(Plan(faults={"429_after": 0.3}, seed=2)) as server:
        started = time.monotonic()
        ask(server.url, MemoryAccount(), 20, concurrency=1, retries=50)
        assert time.monotonic() - started >= 0.01 * server.injected["429_after"] > 0
        assert pauses == [0.01] * server.injected["429_after"]


def test_without_it_each_further_try_is_backed_off_from(monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[int] = []

    def delay(_: Backoff, number: int) -> float:
        tries.append(number)
        return 0.02

    monkeypatch.setattr(Backoff, "delay", delay)
    with serving(Plan(faults={"500": 0.6}, seed=2)) as server:
        started = time.monotonic()
        ask(server.url, MemoryAccount(), 10, concurrency=1, retries=50)
        assert time.monotonic() - started >= 0.02 * server.injected["500"]
        assert len(tries) == server.injected["500"] and tries.count(0) < 10 and {0, 1, 2} <= set(tries)


def test_a_request_that_fails_for_good_fails_alone_and_its_row_says_so(caplog: pytest.LogCaptureFixture) -> None:
    account = MemoryAccount()
    with serving(Plan(faults={"too_long": 0.2}, seed=4)) as server:
        options = make_options(server.url)
        with client(options, account) as (transport, _):
            generator = Gpt4oGenerator("excel", SNIPPETS, options, account, transport)
            candidates = list(generator.generate(1, ROWS))
            again = list(generator.generate(1, ROWS))
    failed = [c for c in candidates if c.failure is Reason.REQUEST_FAILED]
    assert 0 < len(failed) == server.injected["too_long"] < ROWS
    assert again == candidates  # no second attempt in the same run
    assert [c.row for c in candidates] == list(range(ROWS))
    assert all(c.usage is None and c.broken == "" and c.fixed for c in failed)
    assert sum("failed for good: status 400" in record.message for record in caplog.records) == len(failed)


def test_odd_answers_are_rows_with_a_reason_and_what_they_took() -> None:
    account = MemoryAccount()
    shares = {"refusal": 0.15, "content_filter": 0.15, "formless": 0.15, "length": 0.15, "no_usage": 0.1}
    with serving(Plan(replies=shares, faults={"filtered": 0.1})) as server:
        options = make_options(server.url)
        with client(options, account) as (transport, _):
            candidates = list(Gpt4oGenerator("excel", SNIPPETS, options, account, transport).generate(1, 150))
    reasons = Counter(c.failure for c in candidates)
    assert reasons.keys() == {None, Reason.REFUSED, Reason.MALFORMED}
    assert reasons[Reason.REFUSED] > 30 and reasons[Reason.MALFORMED] > 20 and reasons[None] > 30
    assert all(c.usage is not None for c in candidates)
    assert all(c.broken != c.fixed and SNAPSHOT in c.recipe for c in candidates if c.failure is None)
    assert max(server.delivered.values()) == 1


def test_the_candidates_of_a_row_come_from_its_answer_alone() -> None:
    account = MemoryAccount()
    with serving() as server:
        options = make_options(server.url)
        with client(options, account) as (transport, _):
            candidates = list(Gpt4oGenerator("excel", SNIPPETS, options, account, transport).generate(1, 20))
    replaying = Gpt4oGenerator("excel", SNIPPETS, options, account)
    assert list(replaying.candidates(1, [7, 3])) == [candidates[7], candidates[3]]
    recipe = candidates[7].recipe
    assert f"model={options.model} prompt=guided/" in recipe and " kind=" in recipe and " mistakes=" in recipe


@pytest.mark.parametrize(("fault", "complaint"), [("quota", "is empty"), ("429_day", "asks to wait 86,400 s")])
def test_an_account_without_money_and_a_wait_of_a_day_end_the_run_at_once(fault: str, complaint: str) -> None:
    account = MemoryAccount()
    with serving(Plan(faults={fault: 1.0})) as server:
        with pytest.raises(RunError, match=complaint):
            ask(server.url, account, concurrency=4)
        assert sum(server.tries.values()) <= 4 and max(server.tries.values()) == 1


def test_an_unknown_model_and_a_wrong_key_are_wrong_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, "sk-wrong")
    with serving(Plan(key="sk-right")) as server:
        with pytest.raises(RequestError, match=KEY) as failure:
            ask(server.url, MemoryAccount())
        assert "sk-" not in str(failure.value)
        monkeypatch.setenv(KEY, "sk-right")
        with pytest.raises(RequestError, match="knows no model gpt-none"):
            ask(server.url, MemoryAccount(), model="gpt-none")
        assert ask(server.url, MemoryAccount()) == {}


def test_a_server_that_is_not_there_is_a_wrong_request() -> None:
    with serving() as server:
        url = server.url
    with pytest.raises(RequestError, match=r"no connection to .*; start the server"):
        ask(url, MemoryAccount())


def test_an_error_that_ends_the_run_does_not_wait_for_requests_that_have_not_begun() -> None:
    """At 6 requests a minute the second of them would go after 10 s."""
    started = time.monotonic()
    with serving(Plan(models=())) as server, pytest.raises(RequestError, match="knows no model"):
        ask(server.url, MemoryAccount(), requests_per_minute=6)
    assert time.monotonic() - started < 8 and sum(server.calls.values()) == 1


def test_where_nothing_succeeds_the_run_stops_instead_of_losing_every_row() -> None:
    with serving(Plan(faults={"500": 1.0})) as server:
        with pytest.raises(RunError, match="20 requests in a row failed, the last with status 500: try again"):
            ask(server.url, MemoryAccount(), 200, retries=1, concurrency=4)
        assert sum(server.tries.values()) <= 2 * (20 + 4)


def test_requests_that_fail_now_and_then_do_not_stop_the_run() -> None:
    account = MemoryAccount()
    with serving(Plan(faults={"too_long": 0.5})) as server:
        failed = ask(server.url, account, 120)
    assert 30 < len(failed) < 90 and len(failed) + len(account.answers) == 120
    assert server.injected["too_long"] == len(failed)


@pytest.mark.parametrize("faults", [{}, {"truncated": 0.3, "lost": 0.1}])
def test_the_budget_is_never_exceeded_and_a_higher_one_goes_on(faults: dict[str, float]) -> None:
    account = MemoryAccount()
    with serving(Plan(faults=faults, seed=6)) as server:
        with pytest.raises(RunError, match=r"budget is used up: \$0\.\d\d of \$0\.20 spent") as failure:
            ask(server.url, account, 200, budget=0.2, retries=20)
        assert "--set gpt4o.budget=0.4" in str(failure.value) and "\n" not in str(failure.value)
        assert 0.03 < server.dollars() <= 0.2
        answered = set(account.answers)
        assert server.delivered.total() == len(answered) > 10  # those under way were waited for, and kept
        assert ask(server.url, account, 200, budget=5.0, retries=20) == {}
        assert max(server.delivered.values()) == 1 and len(account.answers) == 200


def test_a_budget_below_one_request_sends_none() -> None:
    with serving() as server:
        with pytest.raises(RunError, match="budget is used up"):
            ask(server.url, MemoryAccount(), budget=0.001)
        assert not server.bills


def test_what_is_under_way_is_in_the_account_before_it_is_sent() -> None:
    account = MemoryAccount()
    with serving(Plan(faults={"lost": 0.3}, seed=9)) as server:
        options = make_options(server.url, retries=30)
        with client(options, account) as (transport, budget):
            transport.ask(make_requests(options, ROWS))
            assert max(account.risks) >= budget.lost > 0
        assert account.risks[-1] == pytest.approx(budget.lost)  # nothing is under way any more


def test_an_answer_that_cannot_be_kept_ends_the_run() -> None:
    class FullAccount(MemoryAccount):
        def put(self, key: str, answer: Any) -> None:
            raise RunError("no space left")

    account = FullAccount()
    with serving() as server:
        with pytest.raises(RunError, match="no space left"):
            ask(server.url, account)
        assert len(server.bills) <= make_options().concurrency
        assert account.risks[-1] >= server.dollars()


def test_no_more_requests_are_under_way_than_asked_for() -> None:
    at_once, most, lock = 0, 0, threading.Lock()

    class CountingAccount(MemoryAccount):
        def put(self, key: str, answer: Any) -> None:
            nonlocal at_once, most
            with lock:
                at_once += 1
                most = max(most, at_once)
            time.sleep(0.01)
            with lock:
                at_once -= 1
            super().put(key, answer)

    with serving() as server:
        ask(server.url, CountingAccount(), concurrency=3)
    assert 1 < most <= 3


def test_the_key_is_in_no_log_and_no_error(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Also at the lowest level of the client's and the HTTP library's own loggers, and in the chain of exceptions."""
    secret = "sk-proj-verysecret123"
    monkeypatch.setenv(KEY, secret)
    caplog.set_level(logging.DEBUG)
    for name in ("openai", "httpx", "httpx2", "httpcore", "httpcore2", "asyncio"):
        caplog.set_level(logging.DEBUG, logger=name)
    told: list[str] = []
    plans = [Plan(key=secret, faults={"500": 0.3, "truncated": 0.2}), Plan(key="another"), Plan(key=secret, models=())]
    for plan in plans:
        with serving(plan) as server:
            try:
                ask(server.url, MemoryAccount(), 20)
            except ReportedError as error:
                chain: BaseException | None = error
                while chain is not None:
                    told += [str(chain), repr(chain), repr(vars(chain))]
                    chain = chain.__cause__ or chain.__context__
    assert len(told) >= 6 and len(caplog.text) > 1_000
    assert secret not in caplog.text
    assert secret not in "".join(told)


def test_the_server_is_sent_what_the_key_of_a_request_covers() -> None:
    with serving() as server:
        options = make_options(server.url)
        ask(server.url, MemoryAccount(), 5)
        assert {body_key(dict(r.body)) for r in make_requests(options, 5)} == set(server.tries)


def test_the_longest_wait_is_minutes() -> None:
    assert 60 <= service_module.LONGEST_WAIT <= 3_600
