"""The executor of paid shards: no answer is paid for that the run does not need, and none is asked for twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from generators.gpt4o.cost import price
from pipeline.files.storage import Storage
from pipeline.run.answer_store import ANSWERS, AnswerStore
from pipeline.run.executors.paid import YIELD, dry_run
from schemas.errors import RequestError, RunError
from tests.generators.gpt4o.conftest import no_certificates as no_certificates
from tests.generators.gpt4o.server import Plan, serving
from tests.pipeline.fakes import RecordingReport
from tests.pipeline.paid_runs import SNIPPETS, asked_by, make_config, make_executor, run_paid


def test_live_answers_are_asked_for_as_they_are_needed(tmp_path: Path) -> None:
    with serving(Plan(replies={"formless": 0.3})) as server:
        for name, concurrency in (("one", 1), ("many", 64)):
            server.bills.clear()
            manifest = run_paid(make_config(tmp_path / name, server.url, pairs=30, concurrency=concurrency))
            assert len(server.bills) == manifest.ledger["sampled"]
            surplus = manifest.ledger["rejected"].get("surplus", 0)
            assert surplus < 8  # less than a shard


def test_batches_are_few_and_not_much_larger_than_needed(tmp_path: Path) -> None:
    with serving() as server:
        manifest = run_paid(make_config(tmp_path, server.url, pairs=100, transport="batch"))
        assert len(server.batches) <= 2
        assert len(server.bills) <= 100 / YIELD + 2 * 8
        assert manifest.ledger["sampled"] <= len(server.bills)


def test_batches_keep_to_the_number_of_requests_that_is_allowed(tmp_path: Path) -> None:
    with serving() as server:
        run_paid(make_config(tmp_path, server.url, pairs=60, transport="batch", batch_requests=20))
        assert max(len(batch.requests) for batch in server.batches.values()) == 16  # whole shards
        run_paid(make_config(tmp_path / "tiny", server.url, pairs=10, transport="batch", batch_requests=5))


def test_a_low_yield_makes_later_batches_larger(tmp_path: Path) -> None:
    with serving(Plan(replies={"refusal": 0.9})) as server:
        run_paid(make_config(tmp_path, server.url, pairs=20, transport="batch"))
        sizes = [len(batch.requests) for batch in server.batches.values()]
    assert sizes[0] == 32 and max(sizes[1:]) > 48


def test_finished_shards_count_when_the_need_is_reckoned(tmp_path: Path) -> None:
    """One shard and its answers are gone: it alone is asked for again, though a batch could hold the whole run."""
    with serving() as server:
        config = make_config(tmp_path, server.url, pairs=60, transport="batch")
        manifest = run_paid(config)
        last = manifest.shards - 1
        for file in (tmp_path / ".work" / "shards").glob(f"{last:06d}.*"):
            file.unlink()
        keys = asked_by(config, server, manifest.shards)
        gone = list(keys)[last * 8 :]
        for path in (tmp_path / ANSWERS).iterdir():
            if path.name.split(".")[0] in gone:
                path.unlink()
        (tmp_path / "README.md").unlink()
        before = len(server.bills)
        run_paid(config)
        assert len(server.bills) - before == 8


def test_answers_that_are_there_make_shards_without_the_server(tmp_path: Path) -> None:
    with serving() as server:
        config = make_config(tmp_path, server.url)
        first = run_paid(config)
        (tmp_path / "README.md").unlink()
        for file in (tmp_path / ".work" / "shards").iterdir():
            file.unlink()
    report = RecordingReport()
    assert run_paid(config, report=report) == first  # the server is gone
    assert not any("answers" in message for message in report.messages)


def test_closing_it_lets_go_of_the_server_and_keeps_what_was_answered(tmp_path: Path) -> None:
    with serving() as server:
        config = make_config(tmp_path, server.url, concurrency=64)
        receipts = make_executor(config).execute(iter(range(5)))
        receipt = next(receipts)
        receipts.close()
        assert receipt.shard == 0
        assert len(list(AnswerStore(Storage(str(tmp_path))).paid())) == len(server.bills) >= 8


def test_it_says_what_was_asked_and_spent(tmp_path: Path) -> None:
    report = RecordingReport()
    with serving(Plan(faults={"too_long": 0.2, "500": 0.2}, seed=3)) as server:
        run_paid(make_config(tmp_path, server.url, concurrency=1), report=report)
    assert report.messages[0].startswith("shard 0: 7 answers, 1 requests failed, ")
    assert report.messages[0].endswith(" of $10.00 spent")


@pytest.mark.parametrize("transport", ["live", "batch"])
def test_what_is_wrong_with_the_request_is_said_as_such(transport: str, tmp_path: Path) -> None:
    with serving(Plan(key="sk-right")) as server, pytest.raises(RequestError, match="refuses the key"):
        run_paid(make_config(tmp_path, server.url, transport=transport))
    with pytest.raises(RequestError, match="no connection"):
        run_paid(make_config(tmp_path / "2", server.url, transport=transport))
    with pytest.raises(RequestError, match="must hold no user"):
        run_paid(make_config(tmp_path / "4", "http://me:secret@127.0.0.1/v1", transport=transport))
    assert not (tmp_path / "4").exists()
    with pytest.raises(RequestError, match="no key"):
        run_paid(make_config(tmp_path / "3", "https://api.openai.com/v1", transport=transport))


def test_a_shard_that_cannot_be_answered_whole_is_not_finished(tmp_path: Path) -> None:
    with serving(Plan(faults={"500": 1.0})) as server, pytest.raises(RunError, match="20 requests in a row failed"):
        run_paid(make_config(tmp_path, server.url, pairs=64, shard_rows=64, retries=0))
    assert not (tmp_path / ".work" / "shards").exists()


@pytest.mark.parametrize("language", SNIPPETS)
def test_a_dry_run_says_what_a_run_costs_rather_too_much_and_sends_nothing(language: str, tmp_path: Path) -> None:
    with serving() as server:
        config = make_config(tmp_path, server.url, language=language, pairs=40)
        figures = dry_run(config, SNIPPETS[language])
        assert not server.calls and not any(tmp_path.iterdir())
        manifest = run_paid(config)
        asked = len(server.bills) / figures["requests"]
        assert figures["requests"] >= 40 / YIELD and figures["requests"] % 8 == 0
        assert server.dollars() <= figures["live_dollars"] * asked <= figures["most_live_dollars"] * asked
        assert figures["batch_dollars"] == pytest.approx(figures["live_dollars"] / 2)
        assert figures["budget"] == config.gpt4o.budget
        assert manifest.statistics["cost"]["dollars"] == pytest.approx(server.dollars(), abs=1e-5)


def test_a_dry_run_of_more_pairs_costs_as_much_more(tmp_path: Path) -> None:
    one, ten = (dry_run(make_config(tmp_path, "http://h/v1", pairs=n), SNIPPETS["excel"]) for n in (1_000, 10_000))
    for name in ("requests", "input_tokens", "output_tokens", "live_dollars", "most_batch_dollars"):
        assert ten[name] == pytest.approx(10 * one[name], rel=0.02)


def test_what_a_receipt_says_was_spent_is_what_the_answers_took(tmp_path: Path) -> None:
    with serving(Plan(replies={"refusal": 0.2, "formless": 0.2}, faults={"too_long": 0.1})) as server:
        config = make_config(tmp_path, server.url)
        manifest = run_paid(config)
        paid = list(AnswerStore(Storage(str(tmp_path))).paid())
        cost = manifest.statistics["cost"]
        assert cost["answers"] == len(paid) == len(server.bills)
        assert cost["input_tokens"] == sum(u.input_tokens for u in paid) > 0
        assert cost["dollars"] == pytest.approx(sum(price(u, config.gpt4o) for u in paid), abs=1e-5)
