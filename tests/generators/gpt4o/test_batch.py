"""Requests as batches, against a server that loses halves, acknowledgements and time; none is paid twice."""

from __future__ import annotations

from typing import Any

import pytest

from generators.base import Usage
from generators.gpt4o import batch as batch_module
from generators.gpt4o.answers import Answer, Submission
from generators.gpt4o.cost import price
from generators.gpt4o.generator import Gpt4oGenerator
from generators.gpt4o.transport import open_transport
from schemas.errors import ReportedError, RequestError, RunError
from schemas.reasons import Reason
from tests.generators.gpt4o.memory import SNIPPETS, MemoryAccount, client, make_options, make_requests
from tests.generators.gpt4o.server import FakeServer, Plan, serving

ROWS = 60


class Killed(BaseException):
    """Ends an attempt where a kill would: nothing handles it."""


class MortalAccount(MemoryAccount):
    """Dies at the n-th change, before it or after."""

    def __init__(self, number: int, moment: str) -> None:
        super().__init__()
        self.number = number
        self.moment = moment

    def _step(self, change: Any) -> None:
        self.number -= 1
        if self.number == 0 and self.moment == "before":
            raise Killed
        change()
        if self.number == 0:
            raise Killed

    def put(self, key: str, answer: Answer) -> None:
        self._step(lambda: super(MortalAccount, self).put(key, answer))

    def submit(self, submission: Submission) -> None:
        self._step(lambda: super(MortalAccount, self).submit(submission))

    def settle(self, submission: Submission) -> None:
        self._step(lambda: super(MortalAccount, self).settle(submission))


def ask(
    server: FakeServer, account: MemoryAccount, rows: int = ROWS, messages: list[str] | None = None, **settings: Any
) -> dict[str, str]:
    options = make_options(server.url, transport="batch", **settings)
    with client(options, account, messages) as (transport, budget):
        failed = transport.ask(make_requests(options, rows))
        assert budget.staked == pytest.approx(0)
        assert budget.spent + budget.lost >= server.dollars() - 1e-9
        return failed


def assert_each_paid_once(server: FakeServer, account: MemoryAccount, rows: int = ROWS) -> None:
    assert len(account.answers) == rows == len(server.bills)
    assert set(server.delivered.values()) == {1}
    assert account.batches == {}


def add_batch_of_others(server: FakeServer) -> None:
    name = server.keep_file(b"")
    server.create_batch({"input_file_id": name, "endpoint": "", "completion_window": "", "metadata": {"of": "others"}})


def test_a_batch_answers_in_any_order_at_the_batch_price() -> None:
    account, messages = MemoryAccount(), []
    with serving() as server:
        assert ask(server, account, messages=messages) == {}
        assert_each_paid_once(server, account)
        assert len(server.batches) == 1
        assert ask(server, account) == {}
        assert len(server.batches) == 1  # what is answered is not asked again
    assert all(answer.usage.batched for answer in account.answers.values())
    spent = sum(price(a.usage, make_options()) for a in account.answers.values())
    assert spent == pytest.approx(server.dollars())
    assert messages[0].startswith("submitted batch batch_0 with 60 requests")
    assert messages[-1].startswith("batch batch_0 completed with 60 answers; $")


@pytest.mark.parametrize(
    "first", ["half", "expired", "partly", "duplicates", "nothing", "poison", "lost_ack", "create_500", "lost_ack half"]
)
def test_what_a_batch_leaves_unanswered_goes_into_the_next_and_nothing_else_does(first: str) -> None:
    account = MemoryAccount()
    with serving(Plan(batches=[first])) as server:
        assert ask(server, account) == {}
        assert_each_paid_once(server, account)
        sizes = [len(batch.requests) for batch in server.batches.values()]
    assert sizes == {"half": [60, 30], "expired": [60, 30], "partly": [60, 20], "nothing": [60, 60],
                     "lost_ack half": [60, 30]}.get(first, [60])  # fmt: skip


def test_several_bad_batches_in_a_row_are_seen_through() -> None:
    account = MemoryAccount()
    with serving(Plan(batches=["expired", "half", "partly", "half", "lost_ack", "partly"])) as server:
        assert ask(server, account) == {}
        assert_each_paid_once(server, account)


def test_the_calls_around_a_batch_may_fail_too() -> None:
    """Uploads, looks and downloads that end in an error or are cut off are done again; lines that came are not lost."""
    account = MemoryAccount()
    with serving(Plan(faults={"api": 0.4}, seed=8, batches=["half", "expired"])) as server:
        assert ask(server, account, retries=30) == {}
        assert_each_paid_once(server, account)
        assert server.injected["api"] > 3


def test_lines_that_cannot_be_read_are_fetched_again_then_counted_as_lost() -> None:
    account = MemoryAccount()
    with serving(Plan(batches=["unreadable"])) as server:
        options = make_options(server.url, transport="batch", retries=2)
        with client(options, account) as (transport, budget):
            assert transport.ask(make_requests(options, ROWS)) == {}
            assert server.calls["GET files"] >= 1 + options.retries
            assert len(account.answers) == ROWS and budget.lost > 0
            assert server.dollars() <= budget.spent + budget.lost
        assert account.risks[-1] == pytest.approx(budget.lost)


def test_a_request_that_fails_again_and_again_fails_for_good() -> None:
    account = MemoryAccount()
    with serving(Plan(batches=["partly"] * 9)) as server:
        options = make_options(server.url, transport="batch", retries=1)
        with client(options, account) as (transport, _):
            candidates = list(Gpt4oGenerator("excel", SNIPPETS, options, account, transport).generate(1, ROWS))
            assert transport.retries == 20
    failed = [c for c in candidates if c.failure is Reason.REQUEST_FAILED]
    assert len(candidates) == ROWS and len(failed) == 20 // 3
    assert len(account.answers) == ROWS - len(failed)


def test_requests_that_the_server_cannot_take_are_not_sent_again() -> None:
    account = MemoryAccount()
    with serving(Plan(batches=["half bad_requests"])) as server:
        failed = ask(server, account)
        assert len(failed) == 30 and len(server.batches) == 1
        assert set(failed.values()) == {"status 400: sorry"}


def test_where_no_request_is_answered_the_run_stops() -> None:
    with serving(Plan(batches=["nothing"] * 9)) as server:
        with pytest.raises(RunError, match="a batch of 60 requests brought no answer"):
            ask(server, MemoryAccount())
        assert len(server.batches) == 3
    refusing = serving(Plan(batches=["nothing bad_requests"]))
    with refusing as server, pytest.raises(RunError, match="brought no answer: status 400"):
        ask(server, MemoryAccount())


def test_a_few_stragglers_do_not_stop_the_run() -> None:
    account = MemoryAccount()
    with serving(Plan(batches=["nothing"] * 9)) as server:
        failed = ask(server, account, 5, retries=2)
    assert len(failed) == 5 and len(server.batches) == 3


@pytest.mark.parametrize(
    ("words", "kind", "complaint"),
    [("failed", RequestError, "refuses the batch: status 400: no"), ("cancelled", RunError, "was cancelled")],
)
def test_a_batch_that_was_refused_or_cancelled_ends_the_run(
    words: str, kind: type[ReportedError], complaint: str
) -> None:
    account = MemoryAccount()
    with serving(Plan(batches=[words])) as server:
        with pytest.raises(kind, match=complaint):
            ask(server, account)
        assert account.batches == {}
        assert ask(server, account) == {}
        assert_each_paid_once(server, account)


def test_a_queue_that_is_too_short_gets_smaller_batches_until_there_is_room_again() -> None:
    account, messages = MemoryAccount(), []
    with serving(Plan(batches=["queue_full", "queue_full"])) as server:
        assert ask(server, account, messages=messages, retries=1) == {}
        assert_each_paid_once(server, account)
        sizes = [len(batch.requests) for batch in server.batches.values()]
    assert sizes == [60, 30, 15, 30, 15]
    assert any("has no room for a batch of 60 requests" in message for message in messages)


def test_a_queue_that_stays_full_ends_the_run() -> None:
    account = MemoryAccount()
    with serving(Plan(batches=["queue_full"] * 99)) as server:
        with pytest.raises(RunError, match="queue stays full"):
            ask(server, account, 4)
        assert len(server.batches) < 40 and not server.bills and account.batches == {}


def test_files_keep_to_the_limits_of_number_and_size(monkeypatch: pytest.MonkeyPatch) -> None:
    account = MemoryAccount()
    with serving() as server:
        assert ask(server, account, batch_requests=25) == {}
        assert [len(batch.requests) for batch in server.batches.values()] == [25, 25, 10]
        assert_each_paid_once(server, account)
    monkeypatch.setattr(batch_module, "MAX_BYTES", 40_000)
    with serving() as server:
        assert ask(server, MemoryAccount()) == {}
        assert len(server.batches) > 2
        assert all(len(data) <= 40_000 for data in server.files.values() if b'"custom_id"' in data and b"POST" in data)


def test_the_budget_holds_and_batches_shrink_to_fit_it() -> None:
    account, messages = MemoryAccount(), []
    with serving() as server:
        with pytest.raises(RunError, match=r"budget is used up.*next 50 requests may cost.*--set gpt4o\.budget=1"):
            ask(server, account, 400, messages=messages, budget=0.5)
        assert 0.1 < server.dollars() <= 0.5
        sizes = [len(batch.requests) for batch in server.batches.values()]
        assert len(sizes) > 1 and min(sizes) >= 50  # each as large as what was left allowed, none too small to wait for
        assert ask(server, account, 400, budget=5.0) == {}
        assert_each_paid_once(server, account, 400)


def test_an_attempt_that_is_killed_at_any_change_of_the_account_pays_for_nothing_twice() -> None:
    """And with a lost acknowledgement and a batch that expires among the batches."""
    rows = 3
    for moment in ("before", "after"):
        for number in range(1, 2 + 1 + 1 + 2 + 2 + 1 + 1):  # intended, created, answers, settled; and again
            account = MortalAccount(number, moment)
            with serving(Plan(batches=["lost_ack expired"])) as server:
                with pytest.raises(Killed):
                    ask(server, account, rows)
                assert ask(server, account, rows) == {}
                assert_each_paid_once(server, account, rows)
                assert len(server.batches) == 2, (moment, number)


def test_an_attempt_that_dies_while_it_waits_is_picked_up_by_the_next_even_a_live_one() -> None:
    account = MemoryAccount()

    def say(message: str) -> None:
        if "in_progress" in message:
            raise Killed

    with serving() as server:
        options = make_options(server.url, transport="batch")
        with pytest.raises(Killed), open_transport(options, account, say, base_delay=0.001) as (transport, _):
            transport.ask(make_requests(options, ROWS))
        assert len(account.batches) == 1 and not server.bills
        live, messages = make_options(server.url), []
        with client(live, account, messages) as (transport, budget):
            assert transport.ask(make_requests(live, ROWS)) == {}
            assert budget.spent == pytest.approx(server.dollars())
        assert messages[0] == "picking up batch batch_0 with 60 requests"
        assert_each_paid_once(server, account)
        assert sum(server.tries.values()) == 0


def test_an_intended_batch_that_was_never_created_is_forgotten() -> None:
    account = MemoryAccount()
    account.submit(Submission(tag="a" * 32, requests=60, dollars=1.0, input_tokens=9))
    with serving() as server:
        for _ in range(5):  # on further pages of the list, batches of others
            add_batch_of_others(server)
        assert ask(server, account) == {}
        assert len(account.answers) == ROWS and account.batches == {}


def test_a_batch_that_was_created_unnoticed_is_found_on_a_later_page() -> None:
    account = MortalAccount(2, "before")  # created, and its name not yet kept
    with serving(Plan(page=1)) as server:
        with pytest.raises(Killed):
            ask(server, account)
        (left,) = account.batches.values()
        assert left.batch is None and len(server.batches) == 1
        for _ in range(3):
            add_batch_of_others(server)
        assert ask(server, account) == {}
        assert_each_paid_once(server, account)


def test_a_server_without_batches_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    account = MemoryAccount()
    account.submit(Submission(tag="a" * 32, requests=60, dollars=1.0, input_tokens=9, batch="batch_gone"))
    with serving() as server, pytest.raises(RunError, match=r"cannot look at batch batch_gone.*Batch API"):
        ask(server, account)


def test_usage_that_a_batch_does_not_tell_is_taken_to_be_the_most() -> None:
    account = MemoryAccount()
    with serving(Plan(replies={"no_usage": 1.0})) as server:
        options = make_options(server.url, transport="batch")
        with client(options, account) as (transport, _):
            transport.ask(make_requests(options, 5))
    most = max(r.ceiling.input_tokens for r in make_requests(options, 5))
    assert {a.usage for a in account.answers.values()} == {Usage(most, options.max_completion_tokens, batched=True)}
