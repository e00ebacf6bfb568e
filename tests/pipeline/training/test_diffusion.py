"""The `train` command's work: presets, one process, signals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch

from generators.diffusion.checkpoint import load_checkpoint
from generators.diffusion.config import PAPER, SMALL
from generators.diffusion.variants import VARIANTS
from pipeline.cli import main
from pipeline.training.diffusion import find_device, load_preset, stop_signals, train
from schemas.config import ConfigError
from schemas.errors import RequestError, RunError

ROOT = Path(__file__).parents[3]
SETTINGS = [  # a model of a few thousand parameters; it is logged every 50 steps
    "model.embedding_dim=8", "model.width=16", "model.heads=2", "model.feedforward=1", "model.denoiser_blocks=1",
    "model.max_tokens=12", "training.batch_tokens=64", "training.min_count=1", "training.warmup_steps=2",
    "training.warp=false", "training.validation_share=0.2", "training.precision=fp32", "sampling.steps=2",
]  # fmt: skip


SIDES = ("A1", "A1:B2", "-A1", "A1*2", "MAX(A1,B2)", "ABS(C3)", "A1^2", "A1/B2")


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    """As in the process that is stopped: the same arithmetic in both."""
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("corpus") / "formulas.jsonl"
    pairs = product(SIDES, SIDES, "+-*")
    codes = list(dict.fromkeys(f"=SUM({left}){operator}{right}" for left, right, operator in pairs))
    path.write_text("".join(json.dumps({"code": code}) + "\n" for code in codes))
    return str(path)


def arguments(corpus: str, out: Path, steps: int = 60) -> dict[str, Any]:
    return {
        "language": "excel", "corpus": corpus, "out": str(out), "preset": "small", "steps": steps, "seed": 3,
        "settings": SETTINGS,
    }  # fmt: skip


def test_a_preset_comes_as_it_is() -> None:
    assert load_preset("small", None, 0, []) == SMALL
    assert load_preset("paper", None, 0, []) == PAPER


def test_steps_seed_and_settings_change_what_they_name_and_nothing_else() -> None:
    changed = load_preset("small", 7, 9, ["model.width=96", "training.learning_rate=0.5", "sampling.feedback=nearest"])
    assert changed.model == SMALL.model.model_copy(update={"width": 96})
    assert changed.training == SMALL.training.model_copy(update={"steps": 7, "seed": 9, "learning_rate": 0.5})
    assert changed.sampling == SMALL.sampling.model_copy(update={"feedback": "nearest"})
    assert load_preset("small", None, 0, []) == SMALL  # the preset itself is left alone


@pytest.mark.parametrize(
    ("name", "steps", "settings", "message"),
    [
        ("tiny", None, [], r"^preset 'tiny' is unknown; choose one of paper, small$"),
        ("small", 0, [], r"^training\.steps: .* greater than or equal to 1, not 0$"),
        ("small", None, ["model.wdth=3"], r"^--set 'model\.wdth=3': there is no such setting; .* model\.width,"),
        ("small", None, ["width=3"], r"^--set 'width=3': there is no such setting"),
        ("small", None, ["colour.width=3"], r"there is no such setting"),
        ("small", None, ["model.width"], r"^--set 'model\.width': there is no such setting"),
        ("small", None, ["model.width=wide"], r"^model\.width: .* integer, not 'wide'$"),
        ("small", None, ["model.width="], r"^model\.width: .* integer, not None$"),
        ("small", None, ["model.width=[1"], r"^--set 'model\.width=\[1': the value is not YAML"),
        ("small", None, ["training.ema=1.5"], r"^training\.ema: .* less than 1, not 1\.5$"),
        ("small", None, ["sampling.feedback=guess"], r"^sampling\.feedback: .* 'nearest', not 'guess'$"),
        ("small", None, ["model.heads=5"], r"^model: width 256 must be a multiple of 2 x heads = 10$"),
        ("small", None, ["training.max_minutes=0"], r"^training\.max_minutes: .* greater than 0, not 0$"),
        ("small", None, ["training.precision=fp8"], r"^training\.precision: .* 'bf16', not 'fp8'$"),
        ("small", None, ["model.max_tokens=33"], r"^model: max_tokens - min_tokens must be a multiple of frame_step"),
    ],
)
def test_a_wrong_preset_or_setting_is_one_line_that_names_it(
    name: str, steps: int | None, settings: list[str], message: str
) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        load_preset(name, steps, 0, settings)
    assert "\n" not in str(caught.value)


def test_a_variant_changes_the_preset_and_settings_go_over_it() -> None:
    changed = load_preset("paper", 7, 0, ["sampling.feedback=softmax"], variant="unet-clamp")
    assert changed.model == PAPER.model.model_copy(update={"denoiser": "unet", "rounding": "clamp"})
    assert (changed.training.steps, changed.sampling.feedback) == (7, "softmax")
    assert load_preset("small", None, 0, [], variant="transformer-decoder") == SMALL


def test_an_unknown_variant_is_told_with_those_that_there_are(corpus: str, tmp_path: Path) -> None:
    message = r"^variant 'gan' is unknown; choose one of codefusion, .*unet-decoder$"
    with pytest.raises(ConfigError, match=message):
        train(**arguments(corpus, tmp_path / "out"), variant="gan", report=lambda line: None)
    assert not (tmp_path / "out").exists()


def test_another_variant_does_not_go_on_with_a_folder(corpus: str, tmp_path: Path) -> None:
    train(**arguments(corpus, tmp_path, steps=1), variant="transformer-clamp", report=lambda line: None)
    with pytest.raises(RequestError, match=r"other settings \(model\.rounding differ\)"):
        train(**arguments(corpus, tmp_path, steps=1), report=lambda line: None)


def test_the_command_names_every_variant_and_refuses_one_for_other_generators(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    shown = capsys.readouterr().out
    assert all(f"{name}, " in shown or f"{name}. " in shown for name in VARIANTS)
    assert "only --steps gives equal bytes" in shown
    wrong = ["--language", "python", "--corpus", "c", "--out", "o", "--variant", "unet-clamp", "--generator", "bifi"]
    with pytest.raises(SystemExit) as caught:
        main(["train", *wrong])
    assert caught.value.code == 2
    assert "--variant is one of the diffusion model, and bifi has none" in capsys.readouterr().err


@pytest.mark.parametrize(
    "option", [("--max-minutes", "5"), ("--finish", "elsewhere"), ("--without", "bench.json"), ("--device", "cuda")]
)
def test_the_diffusion_models_own_options_are_refused_for_other_generators(
    capsys: pytest.CaptureFixture[str], option: tuple[str, str]
) -> None:
    wrong = ["--language", "python", "--corpus", "c", "--out", "o", *option, "--generator", "bifi"]
    with pytest.raises(SystemExit) as caught:
        main(["train", *wrong])
    assert caught.value.code == 2
    assert f"{option[0]}: only for the diffusion model, not for bifi" in capsys.readouterr().err


def test_minutes_take_the_place_of_steps() -> None:
    changed = load_preset("small", None, 0, [], max_minutes=1.5)
    assert changed.training == SMALL.training.model_copy(update={"max_minutes": 1.5})


def test_steps_and_minutes_together_are_one_clear_error(corpus: str, tmp_path: Path) -> None:
    for more in ({}, {"finish": "elsewhere"}):
        with pytest.raises(RequestError, match=r"^--steps and --max-minutes both say when .*: give one of them$"):
            train(**arguments(corpus, tmp_path / "out") | more, max_minutes=1.0, report=lambda line: None)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("asked", "there", "found"),
    [("auto", False, "cpu"), ("auto", True, "cuda"), ("cpu", True, "cpu"), ("cuda", True, "cuda")],
)
def test_auto_is_a_gpu_where_there_is_one(monkeypatch: pytest.MonkeyPatch, asked: str, there: bool, found: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    assert find_device(asked) == found


def test_a_device_that_is_not_there_is_a_wrong_request(
    corpus: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(RequestError, match=r"^--device cuda: PyTorch sees no GPU here; train with --device cpu$"):
        train(**arguments(corpus, tmp_path), device="cuda", report=lambda line: None)
    with pytest.raises(RequestError, match=r"^--device tpu is unknown: choose one of auto, cpu, cuda$"):
        train(**arguments(corpus, tmp_path), device="tpu", report=lambda line: None)


def test_nothing_is_written_for_a_wrong_request(corpus: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        train(**arguments(corpus, tmp_path / "out") | {"preset": "tiny"}, report=lambda line: None)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_a_wrong_request(corpus: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RequestError, match=r"^cannot write to .*out \(Not a directory\): choose another --out$"):
        train(**arguments(corpus, tmp_path / "file" / "out"), report=lambda line: None)


def test_a_missing_corpus_is_a_wrong_request(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"^corpus nowhere\.jsonl cannot be read"):
        train(**arguments("nowhere.jsonl", tmp_path / "out"), report=lambda line: None)


def test_training_gives_a_checkpoint_and_names_the_corpus_by_its_file(corpus: str, tmp_path: Path) -> None:
    folder = train(**arguments(corpus, tmp_path / "out", steps=2), report=lambda line: None)
    assert folder == tmp_path / "out"
    loaded = load_checkpoint(folder, "excel")
    assert loaded.config.trained_steps == 2
    assert loaded.config.training.seed == 3
    card = (folder / "README.md").read_text()
    assert "--corpus formulas.jsonl" in card
    assert corpus not in card  # no path of the machine that trained it


def test_solutions_of_benchmarks_are_left_out_however_they_are_written(corpus: str, tmp_path: Path) -> None:
    codes = [json.loads(line)["code"] for line in Path(corpus).read_text().splitlines()]
    first, second, third = codes[0], codes[5], codes[9]
    one, two = tmp_path / "one.json", tmp_path / "two.jsonl"
    rows = [{"Buggy": third, "GroundTruth": f"{first.lower()} "}, {"Buggy": "=A1+", "GroundTruth": "=NOT(IN(CORPUS))"}]
    one.write_text(json.dumps(rows))
    two.write_text(json.dumps({"broken": "=SUM(", "fixed": second.replace("(", " ( ")}) + "\n")
    reported: list[dict[str, Any]] = []
    given = arguments(corpus, tmp_path / "out", steps=2)
    folder = train(**given, without=[str(one), str(two)], report=reported.append)
    assert reported[0]["dropped"] == 2  # `third` is a broken side only
    log = [json.loads(line) for line in (folder / "training" / "log.jsonl").read_text().splitlines()]
    assert log[0]["dropped"] == 2
    card = (folder / "README.md").read_text()
    assert "Left out of the corpus: 2 snippets that are solutions in one.json" in card and str(tmp_path) not in card
    with pytest.raises(RequestError, match=r"other settings \(without differ\)"):
        train(**given, without=[str(one)], report=lambda line: None)
    with pytest.raises(RequestError, match=r"^benchmark .*nowhere\.json cannot be read"):
        train(**given, without=[str(tmp_path / "nowhere.json")], report=lambda line: None)


def constant(corpus: str, out: Path, steps: int) -> dict[str, Any]:
    """A training at a constant rate."""
    given = arguments(corpus, out, steps)
    return given | {"settings": [*SETTINGS, "training.decay_share=0"]}


def test_a_training_is_finished_elsewhere_and_as_if_it_had_been_meant_to_end_there(corpus: str, tmp_path: Path) -> None:
    train(**constant(corpus, tmp_path / "long", 20), report=lambda line: None)
    state = (tmp_path / "long" / "training" / "state.json").read_bytes()
    lines: list[dict[str, Any]] = []
    given = constant(corpus, tmp_path / "copy", 5) | {"finish": str(tmp_path / "long")}
    for _ in range(2):  # the second time there is nothing left to do
        train(**given, report=lines.append)
    assert [line["step"] for line in lines if "step" in line] == [25]
    assert (tmp_path / "long" / "training" / "state.json").read_bytes() == state
    settings = [*SETTINGS, f"training.decay_share={5 / 25}"]
    train(**arguments(corpus, tmp_path / "whole", 25) | {"settings": settings}, report=lambda line: None)
    weights = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("copy", "whole")]
    assert weights[0] == weights[1]
    assert "--steps 25 --seed 3" in (tmp_path / "copy" / "README.md").read_text()


def test_finishing_what_is_no_training_is_a_wrong_request(corpus: str, tmp_path: Path) -> None:
    given = constant(corpus, tmp_path / "copy", 5) | {"finish": str(tmp_path / "nothing")}
    with pytest.raises(RequestError, match=r"nothing.* holds no whole training state"):
        train(**given, report=lambda line: None)


SCRIPT = """
import json, os, signal, sys
from pipeline.training.diffusion import train
from schemas.errors import RunError

def report(line):
    print(json.dumps(line), flush=True)
    if "step" in line:
        os.kill(os.getpid(), signal.{name})

try:
    train(**json.loads(sys.argv[1]), report=report)
except RunError as error:
    sys.exit(str(error))
"""


def without_times(line: dict[str, Any]) -> dict[str, Any]:
    times = {"tokens_per_second", "core_seconds", "judging_seconds"}
    return {key: value for key, value in line.items() if key not in times}


def test_a_terminated_run_saves_and_the_same_call_resumes(corpus: str, tmp_path: Path) -> None:
    stopped = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(name="SIGTERM"), json.dumps(arguments(corpus, tmp_path / "out"))],
        cwd=ROOT, capture_output=True, text=True, check=False, env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert stopped.returncode == RunError.exit_code
    assert stopped.stderr == (
        f"training was stopped; its state is saved in {tmp_path / 'out'}: the same command resumes\n"
    )
    first, *lines = [json.loads(text) for text in stopped.stdout.splitlines()]
    assert first["steps_done"] == 0 and first["parameters"] > first["without_embeddings"] > 0
    assert [line["step"] for line in lines] == [50]
    train(**arguments(corpus, tmp_path / "out"), report=lines.append)
    assert lines.pop(1) == first | {"steps_done": 50}
    whole: list[dict[str, Any]] = []
    train(**arguments(corpus, tmp_path / "whole"), report=whole.append)
    assert whole.pop(0) == first
    assert [line["step"] for line in whole] == [50, 60]
    assert [without_times(line) for line in lines] == [without_times(line) for line in whole]
    weights = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("out", "whole")]
    assert weights[0] == weights[1]


def test_a_training_of_minutes_that_is_terminated_keeps_what_it_has_spent(corpus: str, tmp_path: Path) -> None:
    given = arguments(corpus, tmp_path / "out") | {"steps": None, "max_minutes": 1_000.0}
    stopped = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(name="SIGTERM"), json.dumps(given)],
        cwd=ROOT, capture_output=True, text=True, check=False, env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert stopped.returncode == RunError.exit_code
    state = json.loads((tmp_path / "out" / "training" / "state.json").read_text())
    assert state["step"] == 50 and state["seconds"] > 0.01
    enough = (state["seconds"] + 0.2) / 60
    lines: list[dict[str, Any]] = []
    train(**given | {"max_minutes": enough}, report=lines.append)
    assert lines[0]["steps_done"] == 50
    assert lines[-1]["core_seconds"] == pytest.approx(60 * enough, abs=0.2) and lines[-1]["step"] > 50
    assert "judging_seconds" in lines[-1]


def test_a_training_is_finished_while_it_goes_on(corpus: str, tmp_path: Path) -> None:
    out = tmp_path / "long"
    command = [sys.executable, "-m", "pipeline", "train", "--language", "excel", "--corpus", corpus, "--out", str(out)]
    given = constant(corpus, out, 10**9)
    settings = [part for setting in given["settings"] for part in ("--set", setting)]
    running = subprocess.Popen(
        [*command, "--steps", str(10**9), "--seed", "3", *settings], cwd=ROOT, stdout=subprocess.DEVNULL,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    try:
        until = time.monotonic() + 300
        while not (out / "training" / "state.json").is_file():
            assert running.poll() is None and time.monotonic() < until
            time.sleep(0.2)
        lines: list[dict[str, Any]] = []
        copy = constant(corpus, tmp_path / "copy", 2) | {"finish": str(out)}
        train(**copy, report=lines.append)
        assert running.poll() is None
    finally:
        running.send_signal(signal.SIGTERM)
    assert running.wait(timeout=120) == RunError.exit_code
    begun, ended = lines[0]["steps_done"], lines[-1]["step"]
    assert begun % 250 == 0 and ended == begun + 2
    assert json.loads((out / "training" / "state.json").read_text())["step"] >= begun
    assert load_checkpoint(tmp_path / "copy", "excel").config.trained_steps == ended


def test_an_interrupted_run_stops_too_and_gives_the_signals_back(corpus: str, tmp_path: Path) -> None:
    def interrupt(line: dict[str, Any]) -> None:
        if "step" in line:
            signal.raise_signal(signal.SIGINT)

    before = [signal.getsignal(which) for which in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(RunError, match="the same command resumes"):
        train(**arguments(corpus, tmp_path / "out"), report=interrupt)
    assert [signal.getsignal(which) for which in (signal.SIGINT, signal.SIGTERM)] == before
    state = json.loads((tmp_path / "out" / "training" / "state.json").read_text())
    assert state["step"] == 50


def test_a_second_signal_does_not_wait() -> None:
    with pytest.raises(KeyboardInterrupt), stop_signals() as should_stop:
        signal.raise_signal(signal.SIGTERM)
        assert should_stop()
        signal.raise_signal(signal.SIGINT)
