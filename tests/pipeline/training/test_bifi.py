"""The rounds of BIFI's loop: stages in order, each made once, with what they were begun."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from generators.bifi.critic import is_breakage, is_repair
from pipeline.training.bifi import PRESETS, train_bifi
from schemas.config import ConfigError
from schemas.errors import RequestError, RunError
from validators import get_language

PYTHON = get_language("python")
GOOD = [f"for a in b:\n    c(a, {i})\nprint(a)" for i in range(20)] + ["x = [1, 2]\ny = (x)", "not python at all"]
BAD = ["print(x", "f(a))", "if a\n    b()", "x = 1", "print(x"]  # one is not broken, one stands there twice
SMALL = ("loop.round0_draws=30", "loop.breaker_mixture=30", "loop.broken_snippets=10", "loop.outputs=3")


class Rewriter:
    """Adds or takes away one sign, in three places."""

    def __init__(self, role: str, on_code: Callable[[], None]) -> None:
        self.role, self.on_code = role, on_code

    def rewrite(self, codes: Sequence[str], outputs: int) -> Iterator[list[str]]:
        for code in codes:
            self.on_code()
            repairs = [code + ")", code.replace("))", ")"), code.replace("if a", "if a:")]
            breakages = [code[:-1], code.replace(":", "", 1), code.replace("    ", "")]
            yield (repairs if self.role == "fixer" else breakages)[:outputs]


class Machine:
    """Stands for the neural part; remembers what it was asked to train."""

    def __init__(self) -> None:
        self.trained: list[dict[str, Any]] = []
        self.stops_at: str | None = None  # "fixer" or "breaker"
        self.on_code: Callable[[], None] = lambda: None

    def train_rewriter(self, *, folder: Path, role: str, pairs: Any, report: Any, **others: Any) -> bool:
        folder.mkdir(parents=True, exist_ok=True)
        self.trained.append({"folder": folder, "role": role, "pairs": pairs(), **others})
        report({"step": 1, "loss": 0.5})
        if self.stops_at == role:
            return False
        (folder / "weights").write_text(role + str(others["seed"]))
        return True

    def load_rewriter(self, folder: Path, language: str, device: str = "cpu") -> Rewriter:
        return Rewriter(folder.name, self.on_code)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine()
    monkeypatch.setattr("generators.bifi.session.train_rewriter", made.train_rewriter)
    monkeypatch.setattr("generators.bifi.checkpoint.load_rewriter", made.load_rewriter)
    monkeypatch.setattr(
        "generators.bifi.checkpoint.rewriter_hash",
        lambda folder: hashlib.sha256((folder / "weights").read_bytes()).hexdigest(),
    )
    return made


def corpus(path: Path, codes: Sequence[str]) -> str:
    path.write_text("".join(json.dumps({"code": code}) + "\n" for code in codes))
    return str(path)


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Path]:
    """`train_bifi` with defaults; ``log`` is filled with what is reported."""
    good, bad = corpus(tmp_path / "good.jsonl", GOOD), corpus(tmp_path / "bad.jsonl", BAD)

    def call(number: int, log: list[dict[str, Any]] | None = None, **changes: Any) -> Path:
        given: dict[str, Any] = {
            "language": "python", "corpus": good, "bad_corpus": bad if number else None, "out": str(tmp_path / "out"),
            "round": number, "preset": "small", "report": (log if log is not None else []).append, "settings": SMALL,
        }  # fmt: skip
        return train_bifi(**given | changes)

    return call


def pairs_of(file: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines()]


def test_round_0_breaks_the_corpus_by_rules_and_trains_a_fixer(
    machine: Machine, run: Callable[..., Path], tmp_path: Path
) -> None:
    log: list[dict[str, Any]] = []
    made = run(0, log, steps=7, seed=5)
    assert made == tmp_path / "out/round-0/fixer"
    pairs = pairs_of(tmp_path / "out/round-0/pairs.jsonl.gz")
    assert len(pairs) == 30 and all(is_breakage(PYTHON, pair["broken"], pair["fixed"]) for pair in pairs)
    [training] = machine.trained
    assert training["role"] == "fixer" and training["start_from"] is None and training["folder"] == made
    assert training["pairs"] == [(pair["broken"], pair["fixed"]) for pair in pairs]
    assert (training["preset"], training["steps"], training["seed"]) == ("small", 7, 5)
    stages = json.loads((tmp_path / "out/round-0/stages.json").read_text())
    assert stages["fixer"] == {"steps": 7}
    assert stages["pairs"]["pairs"] == 30 == sum(stages["pairs"]["pairs_by_category"].values())
    assert {"round": 0, "stage": "corpus", "read": 22, "used": 21} in log
    assert {"round": 0, "role": "fixer", "step": 1, "loss": 0.5} in log


def test_round_1_goes_from_the_fixer_over_the_breaker_to_the_fixer(
    machine: Machine, run: Callable[..., Path], tmp_path: Path
) -> None:
    before = run(0)
    made = run(1)
    folder = tmp_path / "out/round-1"
    assert made == folder / "breaker"
    real, broken = (pairs_of(folder / f"{stage}.jsonl.gz") for stage in ("real_pairs", "breaker_pairs"))
    assert [(pair["broken"], pair["fixed"]) for pair in real] == [
        ("print(x", "print(x)"), ("f(a))", "f(a)"), ("if a\n    b()", "if a:\n    b()"),
    ]  # fmt: skip
    assert broken and all(is_breakage(PYTHON, pair["broken"], pair["fixed"]) for pair in broken)
    assert all(is_repair(PYTHON, pair["broken"], pair["fixed"]) for pair in real)

    _, breaker, fixer = machine.trained
    assert (breaker["role"], breaker["start_from"]) == ("breaker", None)
    assert (fixer["role"], fixer["start_from"]) == ("fixer", before)
    to_break = {(pair["fixed"], pair["broken"]) for pair in real}
    assert len(breaker["pairs"]) == 30
    assert sum(pair in to_break for pair in breaker["pairs"]) == 20
    to_fix = {(pair["broken"], pair["fixed"]) for pair in real}
    size = 2 * len(broken)
    assert sum(pair in to_fix for pair in fixer["pairs"]) == size // 2
    from_breaker = {(pair["broken"], pair["fixed"]) for pair in broken}
    assert sum(pair in from_breaker for pair in fixer["pairs"]) >= size // 4 // 3 * 3
    assert "3 pairs from 3 of 3 snippets" in breaker["provenance"]["real_pairs"]
    assert f"{len(broken)} pairs" in fixer["provenance"]["breaker_pairs"]


def test_a_round_keeps_the_figures_of_its_stages(machine: Machine, run: Callable[..., Path], tmp_path: Path) -> None:
    run(0)
    run(1)
    stages = json.loads((tmp_path / "out/round-1/stages.json").read_text())
    assert list(stages) == ["real_pairs", "breaker", "breaker_pairs", "fixer"]
    real = stages["real_pairs"]
    assert (real["read"], real["snippets"], real["with_pairs"], real["pairs"]) == (5, 3, 3, 3)
    assert real["snippets_by_category"] == {"brackets": 2, "syntax": 1} == real["with_pairs_by_category"]
    broken = stages["breaker_pairs"]
    assert broken["snippets"] == 10 == broken["with_pairs"]
    assert sum(broken["pairs_by_category"].values()) == broken["pairs"] > 10


def test_round_2_goes_on_from_both_models_of_round_1(
    machine: Machine, run: Callable[..., Path], tmp_path: Path
) -> None:
    for number in range(3):
        run(number)
    breaker, fixer = machine.trained[-2:]
    assert breaker["start_from"] == tmp_path / "out/round-1/breaker"
    assert fixer["start_from"] == tmp_path / "out/round-1/fixer"
    assert fixer["folder"] == tmp_path / "out/round-2/fixer"


def test_what_is_finished_is_not_made_again(
    machine: Machine, run: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(0)
    run(1)
    before = {file: file.stat().st_mtime_ns for file in (tmp_path / "out").rglob("*") if file.is_file()}
    machine.trained.clear()
    for name in ("round0_pairs", "real_pairs", "breaker_pairs"):
        monkeypatch.delattr(f"pipeline.training.bifi.{name}")
    assert run(0) == tmp_path / "out/round-0/fixer"
    assert run(1) == tmp_path / "out/round-1/breaker"
    assert not machine.trained
    assert before == {file: file.stat().st_mtime_ns for file in (tmp_path / "out").rglob("*") if file.is_file()}


def test_a_stopped_training_is_resumed_with_the_same_pairs(machine: Machine, run: Callable[..., Path]) -> None:
    run(0)
    machine.stops_at = "breaker"
    with pytest.raises(RunError, match=r"stopped; its state is saved in .*: the same command resumes"):
        run(1)
    machine.stops_at, machine.on_code = None, lambda: None
    run(1)
    stopped, resumed = [one for one in machine.trained if one["role"] == "breaker"]
    assert stopped["pairs"] == resumed["pairs"] and stopped["provenance"] == resumed["provenance"]


@pytest.mark.parametrize("stage", ["real_pairs", "breaker_pairs"])
def test_a_signal_between_snippets_stops_the_stage_and_leaves_no_part_of_it(
    machine: Machine, run: Callable[..., Path], tmp_path: Path, stage: str
) -> None:
    run(0)
    codes = 0

    def on_code() -> None:
        nonlocal codes
        codes += 1
        if codes == (2 if stage == "real_pairs" else 6):
            os.kill(os.getpid(), signal.SIGTERM)

    machine.on_code = on_code
    with pytest.raises(RunError, match="stopped"):
        run(1)
    assert not (tmp_path / f"out/round-1/{stage}.jsonl.gz").exists()
    assert codes == (2 if stage == "real_pairs" else 6)
    run(1)
    assert (tmp_path / f"out/round-1/{stage}.jsonl.gz").exists()


def test_pairs_are_the_same_bytes_in_another_folder(machine: Machine, run: Callable[..., Path], tmp_path: Path) -> None:
    for out in ("one", "two"):
        run(0, out=str(tmp_path / out))
        run(1, out=str(tmp_path / out))
    for name in ("round-0/pairs", "round-1/real_pairs", "round-1/breaker_pairs"):
        one, two = ((tmp_path / out / f"{name}.jsonl.gz").read_bytes() for out in ("one", "two"))
        assert one == two
    run(0, out=str(tmp_path / "three"), seed=9)
    assert (tmp_path / "three/round-0/pairs.jsonl.gz").read_bytes() != (
        tmp_path / "one/round-0/pairs.jsonl.gz"
    ).read_bytes()


@pytest.mark.parametrize(
    ("changes", "differ"),
    [
        ({"seed": 1}, r"training\.seed"),
        ({"steps": 3}, r"training\.steps"),
        ({"settings": (*SMALL, "loop.outputs=2")}, r"loop\.outputs"),
        ({"settings": (*SMALL, "model.width=64")}, r"model\.width"),
        ({"corpus": GOOD[:-3]}, "corpus"),
        ({"bad_corpus": BAD[:-3]}, "bad_corpus"),
        ({"preset": "faithful"}, r"model\.decoder_layers, .*model\.width"),
    ],
)
def test_a_round_that_was_begun_with_something_else_is_refused(
    machine: Machine, run: Callable[..., Path], tmp_path: Path, changes: dict[str, Any], differ: str
) -> None:
    run(0)
    run(1)
    for name in {"corpus", "bad_corpus"} & set(changes):
        changes = changes | {name: corpus(tmp_path / "other.jsonl", changes[name])}
    with pytest.raises(RequestError, match=rf"round-. was begun with other .*{differ}.* differ.*another --out$"):
        run(1, **changes)


def test_a_round_is_refused_that_does_not_continue_the_one_before(
    machine: Machine, run: Callable[..., Path], tmp_path: Path
) -> None:
    with pytest.raises(RequestError, match=r"from the fixer in .*round-0, which is not finished: run --round 0"):
        run(1)
    run(0)
    with pytest.raises(RequestError, match=r"round-0 was begun with other .*\(training\.seed differ\)"):
        run(1, seed=8)
    run(1)
    (tmp_path / "out/round-0/fixer/weights").write_text("trained anew")
    with pytest.raises(RequestError, match=r"round-1 was begun with other .*\(fixer differ\)"):
        run(1)


def test_wrong_requests_are_refused_before_anything_is_made(
    machine: Machine, run: Callable[..., Path], tmp_path: Path
) -> None:
    with pytest.raises(RequestError, match="round 1 of bifi repairs real broken code: give some with --bad-corpus"):
        run(1, bad_corpus=None)
    with pytest.raises(RequestError, match="for powershell and python, not for excel"):
        run(0, language="excel")
    with pytest.raises(ConfigError, match="preset 'paper' is unknown; choose one of faithful, small"):
        run(0, preset="paper")
    with pytest.raises(ConfigError, match=r"loop\.outputs: .* greater than or equal to 1"):
        run(0, settings=("loop.outputs=0",))
    with pytest.raises(ConfigError, match=r"there is no such setting; there are .*loop\.round0_draws"):
        run(0, settings=("loop.draws=3",))
    with pytest.raises(RequestError, match=r"cannot be read|is not there"):
        run(0, corpus=str(tmp_path / "nothing.jsonl"))
    assert not (tmp_path / "out/round-0/pairs.jsonl.gz").exists()
    (tmp_path / "file").write_text("")
    with pytest.raises(RequestError, match=r"cannot write to .*: choose another --out"):
        run(0, out=str(tmp_path / "file"))


def test_a_bad_corpus_of_good_code_is_refused(machine: Machine, run: Callable[..., Path], tmp_path: Path) -> None:
    run(0)
    with pytest.raises(RequestError, match="holds no broken snippet of python, of 2 read"):
        run(1, bad_corpus=corpus(tmp_path / "fine.jsonl", ["x = 1", "y"]))


def test_a_fixer_that_repairs_nothing_ends_the_round(
    machine: Machine, run: Callable[..., Path], tmp_path: Path
) -> None:
    run(0)
    with pytest.raises(RunError, match=r"round 1, real_pairs: not one pair from 1 snippets; .* needs more training"):
        run(1, bad_corpus=corpus(tmp_path / "hard.jsonl", ["while while while"]))
    assert not (tmp_path / "out/round-1/stages.json").exists()


@pytest.mark.parametrize("name", ["pairs.jsonl.gz", "stages.json", "identity.json"])
def test_a_damaged_file_is_named(machine: Machine, run: Callable[..., Path], tmp_path: Path, name: str) -> None:
    run(0)
    file = tmp_path / "out/round-0" / name
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(RequestError, match=rf"{name} is (missing or )?damaged .*: delete .*round-0 to start anew"):
        run(1)


def test_settings_reach_the_models_and_leave_the_presets_alone(machine: Machine, run: Callable[..., Path]) -> None:
    run(0, settings=(*SMALL, "training.learning_rate=0.5"))
    preset = machine.trained[0]["preset"]
    small = PRESETS["small"]
    assert preset.training == small.training.model_copy(update={"learning_rate": 0.5})
    assert (preset.model, preset.search) == (small.model, small.search)
    assert set(PRESETS) == {"faithful", "small"}


def test_the_models_are_trained_by_the_real_trainer(
    run: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from generators.bifi.checkpoint import read_config

    torch.set_num_threads(1)
    tiny = (
        *SMALL[1:], "loop.round0_draws=120", "loop.breaker_mixture=120", "model.width=8", "model.heads=1",
        "model.feedforward=8", "model.encoder_layers=1", "model.decoder_layers=1", "training.batch_tokens=512",
    )  # fmt: skip
    run(0, settings=tiny, steps=2)
    monkeypatch.setattr("generators.bifi.checkpoint.load_rewriter", Machine().load_rewriter)  # two steps teach nothing
    log: list[dict[str, Any]] = []
    breaker = run(1, log, settings=tiny, steps=2)
    assert read_config(breaker, "python", "breaker").trained_steps == 2
    assert read_config(tmp_path / "out/round-1/fixer", "python", "fixer").trained_steps == 2
    assert [line["role"] for line in log if "loss" in line] == ["breaker", "fixer"]
    assert "breaker_pairs" in (tmp_path / "out/round-1/fixer/README.md").read_text()
