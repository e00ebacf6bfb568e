"""Prompting systems against the server on loopback: ranked, paid once, within the budget, honest about what failed."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generators.gpt4o.access import KEY
from generators.gpt4o.repair_bank import Repair
from generators.gpt4o.repair_prompts import PromptKind
from pipeline.benchmarks.benchmark import Benchmark, Problem
from pipeline.evaluation.repair.prompting import PromptingSystem, available, bank_from, rank
from pipeline.evaluation.repair.systems import Proposal
from pipeline.files.storage import Storage
from schemas.config import Gpt4oOptions
from schemas.errors import RequestError, RunError
from tests.generators.gpt4o.conftest import no_certificates as no_certificates
from tests.generators.gpt4o.memory import make_options
from tests.generators.gpt4o.server import Plan, serving

PROBLEMS = [Problem(id=str(n), broken=f"=SUM(A{n}:B{n}", fixed=f"=SUM(A{n}:B{n})") for n in range(12)]
FIXES = {p.broken: [f"{p.broken})", f"{p.broken})+0", f"{p.broken}))"] for p in PROBLEMS}  # best, next, worst


def make_system(kind: PromptKind, out: Path, url: str, **given: Any) -> PromptingSystem:
    own = {name: given.pop(name) for name in ("samples", "seed", "bank", "message") if name in given}
    return PromptingSystem(kind, "excel", make_options(url, **given), Storage(str(out)), base_delay=0.001, **own)


def texts(rows: list[list[Proposal]]) -> list[list[str | None]]:
    assert all([p.sample for p in row] == list(range(len(row))) and {p.level for p in row} <= {None} for row in rows)
    return [[proposal.text for proposal in row] for row in rows]


def test_ring_ranks_its_samples_by_their_log_probability(tmp_path: Path) -> None:
    with serving(Plan(fixes=FIXES)) as server:
        rows = texts(list(make_system("ring", tmp_path, server.url, samples=6).propose(PROBLEMS)))
        assert [request["logprobs"] for request in server.seen] == [True] * 72
        assert {request["temperature"] for request in server.seen} == {0.7}
    assert len(rows) == len(PROBLEMS)
    for problem, row in zip(PROBLEMS, rows, strict=True):
        assert len(row) == 6 and len(set(row)) > 1
        assert row == sorted(row, key=lambda text: FIXES[problem.broken].index(str(text)))


def test_without_log_probabilities_ring_ranks_by_frequency(tmp_path: Path) -> None:
    with serving(Plan(fixes=FIXES, logprobs=False)) as server:
        rows = texts(list(make_system("ring", tmp_path, server.url, samples=8).propose(PROBLEMS)))
    for row in rows:
        counts = [Counter(row)[text] for text in row]
        assert counts == sorted(counts, reverse=True) and counts[0] > counts[-1]


def test_the_prompt_without_feedback_is_told_nothing_and_not_ranked(tmp_path: Path) -> None:
    with serving(Plan(fixes=FIXES)) as server:
        rows = texts(list(make_system("gpt4o", tmp_path, server.url, samples=6).propose(PROBLEMS)))
        assert not any("logprobs" in request for request in server.seen)
        assert "### Error" not in json.dumps(server.seen)
    orders = [[FIXES[p.broken].index(str(text)) for text in row] for p, row in zip(PROBLEMS, rows, strict=True)]
    assert orders == [orders[0]] * len(PROBLEMS)  # the server draws by the seed of a sample
    assert orders[0] != sorted(orders[0])


@pytest.mark.parametrize("transport", ["live", "batch"])
def test_no_answer_is_paid_twice(tmp_path: Path, transport: str) -> None:
    with serving(Plan(fixes=FIXES)) as server:
        options = {"transport": transport, "concurrency": 1, "batch_requests": 10, "samples": 5}
        stopped = make_system("ring", tmp_path, server.url, **options).propose(PROBLEMS)
        next(stopped)
        stopped.close()
        assert 0 < len(server.bills) < 5 * len(PROBLEMS)
        rows = list(make_system("ring", tmp_path, server.url, **options).propose(PROBLEMS))
        assert list(make_system("ring", tmp_path, server.url, **options).propose(PROBLEMS)) == rows
        assert len(server.bills) == 5 * len(PROBLEMS) and set(server.delivered.values()) == {1}
        assert {bill.batched for bill in server.bills} == {transport == "batch"}
    assert [row[0].text for row in rows] == [p.fixed for p in PROBLEMS]


def test_equal_snippets_have_equal_proposals_that_are_paid_once(tmp_path: Path) -> None:
    twins = [Problem(id=str(n), broken="=SUM(A1:B1") for n in range(5)]
    with serving(Plan(fixes=FIXES)) as server:
        rows = list(make_system("gpt4o", tmp_path, server.url, samples=4).propose(twins))
        assert rows == [rows[0]] * 5 and len(server.bills) == 4


def test_the_budget_holds_for_both_prompts_together_and_a_higher_one_goes_on(tmp_path: Path) -> None:
    with serving(Plan(fixes=FIXES)) as server:
        first = list(make_system("gpt4o", tmp_path, server.url).propose(PROBLEMS))
        spent = server.dollars()
        budget = spent + 0.03
        with pytest.raises(RunError, match=r"budget is used up.*--budget"):
            list(make_system("ring", tmp_path, server.url, budget=budget).propose(PROBLEMS))
        assert spent < server.dollars() <= budget
        rows = list(make_system("ring", tmp_path, server.url).propose(PROBLEMS))
        assert list(make_system("gpt4o", tmp_path, server.url).propose(PROBLEMS)) == first
        assert set(server.delivered.values()) == {1}
    assert [row[0].text for row in rows] == [p.fixed for p in PROBLEMS]


def test_what_passes_is_tried_again(tmp_path: Path) -> None:
    with serving(Plan(fixes=FIXES, faults={"429_after": 0.2, "500": 0.1, "truncated": 0.1})) as server:
        rows = texts(list(make_system("ring", tmp_path, server.url, retries=30).propose(PROBLEMS)))
        assert server.injected.total() > 10
    assert all(None not in row and row[0] == p.fixed for p, row in zip(PROBLEMS, rows, strict=True))


def test_what_was_refused_cut_off_or_failed_for_good_is_a_proposal_without_text(tmp_path: Path) -> None:
    lines: list[str] = []
    plan = Plan(fixes=FIXES, replies={"refusal": 0.1, "length": 0.1}, faults={"too_long": 0.15, "filtered": 0.1})
    with serving(plan) as server:
        rows = texts(list(make_system("ring", tmp_path, server.url, message=lines.append).propose(PROBLEMS)))
        failed = server.injected["too_long"]
    assert failed > 0 and f"{failed} requests failed" in lines[-1]
    assert all(len(row) == 5 for row in rows)
    assert sum(text is None for row in rows for text in row) > failed
    for row in rows:
        read = [text for text in row if text is not None]
        assert row == [*read, *[None] * (5 - len(read))]


def test_a_users_bank_is_shown(tmp_path: Path) -> None:
    bank = [Repair("=COUNT(Q7:Q9", "=COUNT(Q7:Q9)")]
    with serving() as server:
        list(make_system("gpt4o", tmp_path, server.url, bank=bank, samples=1).propose(PROBLEMS[:1]))
        assert "=COUNT(Q7:Q9)" in json.dumps(server.seen)


def test_a_bank_is_made_of_pairs_whose_broken_side_is_refused() -> None:
    problems = (
        *PROBLEMS[:2],
        Problem(id="2", broken="=A1", fixed="=A2"),
        Problem(id="3", broken="=SUM("),
    )
    benchmark = Benchmark(name="own.json", sha256="0" * 64, language="excel", problems=problems)
    assert bank_from(benchmark) == tuple(Repair(p.broken, str(p.fixed)) for p in PROBLEMS[:2])
    with pytest.raises(RequestError, match=r"own\.json holds no example"):
        bank_from(Benchmark(name="own.json", sha256="0" * 64, language="excel", problems=problems[2:]))


def test_the_name_says_which_model_answered_and_the_identity_all_that_counts(tmp_path: Path) -> None:
    ring = make_system("ring", tmp_path, "http://127.0.0.1:9/v1", model="m")
    assert ring.name == "RING (m)"
    changes: list[dict[str, Any]] = [
        {"model": "n"}, {"max_completion_tokens": 9}, {"samples": 3}, {"seed": 1}, {"bank": [Repair("=(", "=1")]},
    ]  # fmt: skip
    systems = [ring, make_system("gpt4o", tmp_path, "http://127.0.0.1:9/v1", model="m")]
    systems += [make_system("ring", tmp_path, "http://127.0.0.1:9/v1", **{"model": "m"} | c) for c in changes]
    systems.append(make_system("ring", tmp_path, "http://127.0.0.1:8/v1", model="m"))
    assert len({json.dumps(system.identity, sort_keys=True) for system in systems}) == len(changes) + 3
    richer = make_system("ring", tmp_path, "http://127.0.0.1:9/v1", model="m", budget=99.0, transport="batch")
    assert richer.identity == ring.identity


def test_another_command_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    with serving() as server, Storage(str(tmp_path)).owned():
        with pytest.raises(RequestError, match="another run is at work"):
            list(make_system("ring", tmp_path, server.url).propose(PROBLEMS))
        assert not server.bills


def test_an_address_with_a_secret_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="no user, password or query"):
        make_system("ring", tmp_path, "http://user:word@127.0.0.1:9/v1")


def test_without_a_key_the_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY, raising=False)
    assert available(Gpt4oOptions()) == f"no key in {KEY}"
    assert available(make_options()) is None  # a server of one's own may want none
    monkeypatch.setenv(KEY, "sk-something")
    assert available(Gpt4oOptions()) is None


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c", None]), st.none() | st.sampled_from([-2.0, -1.0, -0.5]))))
def test_ranking_keeps_every_sample_and_the_unreadable_last(samples: list[tuple[str | None, float | None]]) -> None:
    ranked = rank(samples)
    assert Counter(ranked) == Counter(text for text, _ in samples)
    read = [text for text in ranked if text is not None]
    assert ranked[: len(read)] == read


def test_one_missing_log_probability_makes_the_ranking_one_by_frequency() -> None:
    assert rank([("a", -0.1), ("b", -2.0), ("b", -3.0)]) == ["a", "b", "b"]
    assert rank([("a", None), ("b", -2.0), ("b", -3.0)]) == ["b", "b", "a"]
    assert rank([("a", -0.1), ("b", -2.0), (None, None)]) == ["a", "b", None]
    assert rank([]) == []
