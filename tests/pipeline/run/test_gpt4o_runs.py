"""Runs of the paid generator, killed and resumed: the same bytes, and no answer that was had is paid for twice."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from generators.gpt4o import batch as batch_module
from generators.gpt4o.access import KEY
from pipeline.files.storage import Storage
from pipeline.inspection.verify import verify
from pipeline.run.answer_store import ANSWERS, BATCHES, PAYMENTS
from schemas.errors import RequestError, RunError
from schemas.record import PAIR_SCHEMA
from tests.generators.gpt4o.conftest import no_certificates as no_certificates
from tests.generators.gpt4o.server import FakeServer, Plan, serving
from tests.pipeline.fakes import WatchedStorage, at, in_child, kill, published
from tests.pipeline.paid_runs import SNIPPETS, asked_by, make_config, run_paid

CONCURRENCY = 4


def bills(server: FakeServer) -> Counter[str]:
    return Counter(bill.key for bill in server.bills)


def kept(out: Path) -> set[str]:
    return {path.name.split(".")[0] for path in (out / ANSWERS).glob("*.json")}


@pytest.mark.parametrize("transport", ["live", "batch"])
@pytest.mark.parametrize("language", SNIPPETS)
def test_a_run_publishes_a_dataset_of_the_common_schema(language: str, transport: str, tmp_path: Path) -> None:
    with serving(Plan(replies={"unchanged": 0.1, "valid": 0.1, "refusal": 0.1, "formless": 0.1})) as server:
        manifest = run_paid(make_config(tmp_path, server.url, language=language, transport=transport))
    assert manifest.ledger["written"] == 20
    assert {"identical", "broken_accepted", "refused", "malformed"} & manifest.ledger["rejected"].keys()
    assert verify(Storage(str(tmp_path)), deep=True) == []
    files = sorted((tmp_path / "data" / language).glob("*.parquet"))
    for file in files:
        assert pq.read_schema(file).equals(PAIR_SCHEMA, check_metadata=True)
    rows = [row for file in files for row in pq.read_table(file).to_pylist()]
    codes = {snippet.source_id: snippet.code for snippet in SNIPPETS[language]}
    assert len(rows) == 20 and all(codes[row["source_id"]] == row["fixed"] for row in rows)


def test_transport_concurrency_and_faults_that_pass_change_no_byte(tmp_path: Path) -> None:
    with serving() as server:
        run_paid(make_config(tmp_path / "calm", server.url))
        expected = published(tmp_path / "calm")
        server.plan = Plan(faults={"429": 0.2, "500": 0.1, "truncated": 0.1, "malformed": 0.1}, seed=1)
        run_paid(make_config(tmp_path / "stormy", server.url, concurrency=64, retries=50))
        assert published(tmp_path / "stormy") == expected
        server.plan = Plan(batches=["half", "expired"])
        run_paid(make_config(tmp_path / "batches", server.url, transport="batch"))
        batched = published(tmp_path / "batches")
        data = {name: content for name, content in batched.items() if name.startswith("data/")}
        assert data == {name: content for name, content in expected.items() if name.startswith("data/")}


def test_every_row_of_a_faulty_run_is_accounted_for(tmp_path: Path) -> None:
    shares = {"refusal": 0.1, "content_filter": 0.05, "formless": 0.1, "length": 0.05, "unchanged": 0.1, "valid": 0.1}
    faults = {"429": 0.1, "500": 0.1, "truncated": 0.1, "malformed": 0.05, "too_long": 0.03}
    with serving(Plan(replies=shares, faults=faults)) as server:
        ledger = run_paid(make_config(tmp_path, server.url, pairs=60, retries=3)).ledger
        others = sum(ledger["rejected"].values()) + sum(ledger["failed"].values())
        assert ledger["sampled"] == ledger["written"] + others
        assert {"refused", "malformed", "identical", "broken_accepted"} <= ledger["rejected"].keys()
        assert ledger["failed"].keys() == {"request_failed"}
        assert ledger["failed"]["request_failed"] + len(kept(tmp_path)) == ledger["sampled"]
        assert max(server.delivered.values()) == 1


def test_a_live_run_killed_at_any_moment_and_rerun_gives_the_same_bytes_and_pays_for_no_kept_answer_again(
    tmp_path: Path,
) -> None:
    """Requests that were under way at the kill may have been answered and are paid again: there is no help for that,
    and there are no more of them than `concurrency`."""
    with serving() as server:
        calm = WatchedStorage(str(tmp_path / "calm"))
        settings = {"pairs": 12, "shard_rows": 6, "concurrency": CONCURRENCY}
        manifest = run_paid(make_config(tmp_path / "calm", server.url, **settings), calm)
        expected, total = published(tmp_path / "calm"), len(calm.accesses)
        for number in range(4, total, max(1, total // 6)):
            out = tmp_path / str(number)
            config = make_config(out, server.url, **settings)
            server.bills.clear()
            doomed = WatchedStorage(str(out), after=at(number, kill))
            assert in_child(lambda config=config, doomed=doomed: run_paid(config, doomed)) == signal.SIGKILL
            had = kept(out)
            run_paid(config)
            assert published(out) == expected, calm.accesses[number - 1]
            names = asked_by(config, server, manifest.shards)
            paid = bills(server)
            assert all(paid[names[key]] == 1 for key in had)
            assert sum(n - 1 for n in paid.values()) <= CONCURRENCY


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_batch_run_killed_at_any_moment_and_rerun_pays_for_nothing_twice(moment: str, tmp_path: Path) -> None:
    with serving() as server:
        server.plan = Plan(batches=["lost_ack expired"])
        calm = WatchedStorage(str(tmp_path / "calm"))
        run_paid(make_config(tmp_path / "calm", server.url, pairs=8, transport="batch"), calm)
        expected, total = published(tmp_path / "calm"), len(server.bills)
        changes = [n for n, (verb, path) in enumerate(calm.accesses, 1) if path.startswith(BATCHES) and verb != "list"]
        answers = [n for n, (verb, path) in enumerate(calm.accesses, 1) if path.startswith(ANSWERS) and verb == "write"]
        assert len(changes) == 2 * 3
        for number in [*changes, answers[len(answers) // 2], answers[-1] + 4]:
            out = tmp_path / str(number)
            doomed = WatchedStorage(str(out), **{moment: at(number, kill)})
            server.bills.clear()
            server.batches.clear()
            config = make_config(out, server.url, pairs=8, transport="batch")
            assert in_child(lambda config=config, doomed=doomed: run_paid(config, doomed)) == signal.SIGKILL
            run_paid(config)
            assert published(out) == expected, (moment, calm.accesses[number - 1])
            assert set(bills(server).values()) == {1} and len(server.bills) == total
            assert not list((out / BATCHES).glob("*.json"))


def test_an_interrupt_stops_in_a_line_and_the_same_command_goes_on(tmp_path: Path) -> None:
    with serving(Plan(faults={"slow": 1.0}, delay=10.0)) as server:
        config = make_config(tmp_path / "out", server.url)
        said = tmp_path / "said"

        def interrupted() -> None:
            signal.signal(signal.SIGINT, signal.default_int_handler)  # background jobs of a shell ignore it

            def when_under_way() -> None:
                while not (tmp_path / "out" / PAYMENTS).is_dir():
                    time.sleep(0.01)
                os.kill(os.getpid(), signal.SIGINT)

            threading.Thread(target=when_under_way, daemon=True).start()
            try:
                run_paid(config)
            except RunError as error:
                said.write_text(str(error))

        assert in_child(interrupted) == 0
        assert said.read_text() == "interrupted; finished shards are kept, the same command resumes"
        server.plan = Plan()
        assert run_paid(config).ledger["written"] == 20


@pytest.mark.parametrize("transport", ["live", "batch"])
def test_a_budget_that_is_used_up_stops_the_run_and_a_higher_one_finishes_it(
    transport: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_module, "SMALLEST", 3)
    with serving() as server:
        with pytest.raises(RunError, match=r"the budget is used up: \$0\.\d\d of \$0\.05 spent"):
            run_paid(make_config(tmp_path / "out", server.url, pairs=60, budget=0.05, transport=transport))
        assert 0 < server.dollars() <= 0.05
        run_paid(make_config(tmp_path / "out", server.url, pairs=60, budget=5.0, transport=transport))
        assert set(bills(server).values()) == {1}
        run_paid(make_config(tmp_path / "calm", server.url, pairs=60, transport=transport))
    assert published(tmp_path / "out") == published(tmp_path / "calm")


def test_the_budget_counts_what_kills_may_have_cost(tmp_path: Path) -> None:
    """Each attempt dies with requests under way; all the bills together, lost answers included, keep to the budget."""
    with serving() as server:
        config = make_config(tmp_path, server.url, pairs=60, budget=0.12, concurrency=CONCURRENCY)
        outcome = 0
        for number in range(12, 60, 3):
            storage = WatchedStorage(str(tmp_path), after=at(number, kill))
            outcome = in_child(lambda storage=storage: run_paid(config, storage))
        assert outcome == 0 and server.dollars() <= 0.12
        with pytest.raises(RunError, match=r"budget is used up.*lost on answers that never came"):
            run_paid(config)
        assert server.dollars() <= 0.12


def test_the_transport_may_change_between_attempts(tmp_path: Path) -> None:
    with serving(Plan(batches=["half cancelled"])) as server:
        with pytest.raises(RunError, match="was cancelled"):
            run_paid(make_config(tmp_path, server.url, transport="batch"))
        manifest = run_paid(make_config(tmp_path, server.url))
        assert set(bills(server).values()) == {1}
    cost = manifest.statistics["cost"]
    assert cost["batched_input_tokens"] > 0 and cost["input_tokens"] > 0


def test_the_key_is_in_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "sk-proj-neverwritten42"
    monkeypatch.setenv(KEY, secret)
    with serving(Plan(key="another")) as server:
        for transport in ("live", "batch"):
            with pytest.raises(RequestError) as failure:
                run_paid(make_config(tmp_path / "out", server.url, transport=transport))
            assert secret not in str(failure.value)
        server.plan = Plan(key=secret, faults={"500": 0.2, "truncated": 0.2})
        run_paid(make_config(tmp_path / "out", server.url, retries=50))
        run_paid(make_config(tmp_path / "batches", server.url, transport="batch"))
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 40
    assert not [path for path in files if secret.encode() in path.read_bytes()]
