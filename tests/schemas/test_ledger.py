"""The books close, or the ledger says that they do not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.ledger import Ledger, LedgerError
from schemas.reasons import Reason

OUTCOMES = st.lists(st.one_of(st.none(), st.sampled_from(Reason)))


def book(outcomes: list[Reason | None]) -> Ledger:
    ledger = Ledger()
    for outcome in outcomes:
        ledger.write() if outcome is None else ledger.drop(outcome)
    return ledger


@given(OUTCOMES)
def test_every_row_is_written_rejected_or_failed(outcomes: list[Reason | None]) -> None:
    ledger = book(outcomes)
    ledger.check(sampled=len(outcomes))
    counts = ledger.to_dict()
    assert counts["sampled"] == len(outcomes)
    assert counts["written"] == outcomes.count(None)
    failed = [o for o in outcomes if o in (Reason.REQUEST_FAILED, Reason.CRASHED)]
    assert sum(ledger.failed.values()) == len(failed)
    assert sum(ledger.rejected.values()) == len(outcomes) - outcomes.count(None) - len(failed)


@given(st.lists(OUTCOMES))
def test_the_total_of_shards_is_the_ledger_of_all_rows(shards: list[list[Reason | None]]) -> None:
    assert Ledger.total(map(book, shards)) == book([outcome for shard in shards for outcome in shard])


@given(OUTCOMES)
def test_it_reads_back_as_it_was(outcomes: list[Reason | None]) -> None:
    ledger = book(outcomes)
    assert Ledger.from_dict(ledger.to_dict()) == ledger


def test_a_row_withdrawn_is_counted_under_its_reason() -> None:
    ledger = book([None, None, Reason.TOO_FAR])
    ledger.withdraw(Reason.DUPLICATE)
    ledger.check(sampled=3)
    assert (ledger.written, ledger.rejected) == (1, {"duplicate": 1, "too_far": 1})


@pytest.mark.parametrize(
    "ledger",
    [
        Ledger(sampled=2, written=1),
        Ledger(sampled=1, written=2),
        Ledger(sampled=1, written=-1, reasons={Reason.EMPTY: 2}),
        Ledger(sampled=1, written=2, reasons={Reason.EMPTY: -1}),
    ],
)
def test_books_that_do_not_close_are_refused_with_the_counts(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match=rf"sampled {ledger.sampled}, but written {ledger.written} \+"):
        ledger.check()


def test_books_that_close_but_not_on_what_was_planned_are_refused() -> None:
    with pytest.raises(LedgerError, match="planned 3 rows, sampled 2"):
        book([None, Reason.EMPTY]).check(sampled=3)


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"sampled": 1, "written": 1, "rejected": {}},
        {"sampled": "many", "written": 1, "rejected": {}, "failed": {}},
        {"sampled": 1, "written": 0, "rejected": {"no such reason": 1}, "failed": {}},
        {"sampled": 1, "written": 0, "rejected": 1, "failed": {}},
    ],
)
def test_what_is_no_ledger_is_refused(value: dict[str, object]) -> None:
    with pytest.raises(LedgerError, match="cannot be read"):
        Ledger.from_dict(value)
