"""Ten thousand requests against a faulty server: each accounted for, none paid twice, spend within the budget.

    python tests/slow/gpt4o_faults.py [--requests 10000] [--transport live] [--kills 2]

Four tries in ten meet an error, a cut connection or an answer that cannot be read, three requests in ten an odd reply;
the run is killed a few times and started again. Exits with 1 if a promise does not hold.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from generators.gpt4o.cost import price
from pipeline.files.storage import Storage
from pipeline.run.answer_store import ANSWERS, AnswerStore
from schemas.errors import RunError
from schemas.manifest import Manifest
from tests.generators.gpt4o.server import FakeServer, Plan, serving
from tests.pipeline.fakes import RecordingReport
from tests.pipeline.paid_runs import asked_by, make_config, run_paid

FAULTS = {
    "429": 0.06, "429_after": 0.04, "500": 0.06, "503": 0.04, "408": 0.02, "truncated": 0.06, "malformed": 0.04,
    "empty": 0.02, "lost": 0.04, "slow": 0.001, "too_long": 0.01,
}  # fmt: skip
REPLIES = {
    "refusal": 0.06, "content_filter": 0.03, "formless": 0.06, "length": 0.03, "unchanged": 0.05, "valid": 0.05,
    "no_usage": 0.02,
}  # fmt: skip
BATCHES = ["lost_ack expired", "half", "partly", "create_500 half", "duplicates partly", "queue_full"] * 3
CONCURRENCY = 32


def attempt(config: Any) -> None:
    """In a process of its own, to be killed."""
    run_paid(config)


def kept(out: Path) -> set[str]:
    return {path.name.split(".")[0] for path in (out / ANSWERS).glob("*.json")}


def require(holds: bool, promise: str) -> None:
    print(f"{'ok  ' if holds else 'FAIL'}  {promise}")
    if not holds:
        sys.exit(1)


def bills_of(config: Any, server: FakeServer, keys: set[str], shards: int) -> dict[str, int]:
    """How often each of some requests was answered, lost answers included."""
    names = asked_by(config, server, shards)
    bills = Counter(bill.key for bill in server.bills)
    return {key: bills[names[key]] for key in keys if key in names}


def run_with_kills(config: Any, server: FakeServer, out: Path, kills: int, shards: int) -> tuple[Manifest, list[str]]:
    """The run, killed each time after a share of its answers has come; none of those is asked for again."""
    bought: list[dict[str, int]] = []
    for number in range(kills):
        process = multiprocessing.get_context("fork").Process(target=attempt, args=(config,))
        process.start()
        while process.is_alive() and len(kept(out)) < (number + 1) * config.pairs // (kills + 2):
            time.sleep(0.2)
        process.kill()
        process.join()
        bought.append(bills_of(config, server, kept(out), shards))
        print(f"killed with {len(bought[-1]):,} answers kept")
    report = RecordingReport()
    manifest = run_paid(config, report=report)
    for before in bought:
        again = bills_of(config, server, set(before), shards) != before
        require(not again, f"none of {len(before):,} answers that were kept at a kill was paid for again")
    return manifest, report.messages


def check(server: FakeServer, config: Any, manifest: Manifest, out: Path, kills: int) -> None:
    ledger = manifest.ledger
    others = sum(ledger["rejected"].values()) + sum(ledger["failed"].values())
    answered = asked_by(config, server, manifest.shards).keys() & kept(out)
    failed = ledger["failed"].get("request_failed", 0)
    require(ledger["sampled"] == ledger["written"] + others, "sampled = written + rejected + failed")
    require(ledger["sampled"] == len(answered) + failed, "every row has an answer, or failed for good")
    twice = sum(n - 1 for n in server.delivered.values())
    allowed = kills * CONCURRENCY if config.gpt4o.transport == "live" else 0
    require(twice <= allowed, f"{twice} answers came twice, under way at one of {kills} kills; at most {allowed}")
    spent, budget = server.dollars(), config.gpt4o.budget
    require(spent <= budget, f"{spent:.2f} dollars of {budget:.2f} are on the bill, lost answers included")
    paid = sum(price(usage, config.gpt4o) for usage in AnswerStore(Storage(str(out))).paid())
    require(manifest.statistics["cost"]["dollars"] <= paid + 1e-4, "the manifest says no more than was paid")


def check_tight_budget(config: Any, server: FakeServer) -> None:
    server.bills.clear()
    try:
        run_paid(config)
    except RunError as error:
        print(error)
        require("budget is used up" in str(error), "a budget that is too small stops the run")
    spent = server.dollars()
    require(0 < spent <= config.gpt4o.budget, f"{spent:.2f} dollars of {config.gpt4o.budget:.2f} are on the bill")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--transport", choices=["live", "batch"], default="live")
    parser.add_argument("--kills", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    logging.disable(logging.WARNING)  # a line for each request that failed for good
    started = time.monotonic()
    # The snippets are few, so that nearly all pairs are duplicates: the rows that may be tried end the run.
    settings: dict[str, Any] = {
        "language": "python", "pairs": given.requests, "attempts_per_pair": 1.0, "allow_fewer": True, "shard_rows": 50,
        "transport": given.transport, "concurrency": CONCURRENCY, "timeout": 4.0, "retries": 8,
        "budget": 0.1 * given.requests, "batch_requests": 4_000, "poll_seconds": 0.01,
    }  # fmt: skip
    plan = Plan(seed=given.seed, faults=FAULTS, replies=REPLIES, batches=BATCHES, delay=6.0)
    with serving(plan) as server, tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        config = make_config(out, server.url, **settings)
        manifest, messages = run_with_kills(config, server, out, given.kills, given.requests // 50)
        print(*messages[-2:], sep="\n")
        check(server, config, manifest, out, given.kills)
        tries, batches, seconds = sum(server.tries.values()), len(server.batches), time.monotonic() - started
        check_tight_budget(make_config(Path(folder) / "tight", server.url, **settings | {"budget": 1.0}), server)
    print(f"{manifest.ledger['sampled']:,} requests, {tries:,} tries, {batches} batches in {seconds:.0f} s")
    print(f"faults: {dict(server.injected)}\nledger: {manifest.ledger}")


if __name__ == "__main__":
    main()
