"""The `train` command's work: presets, one process, signals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from generators.diffusion.checkpoint import load_checkpoint
from generators.diffusion.config import PAPER, SMALL
from generators.diffusion.variants import VARIANTS
from pipeline.cli import main
from pipeline.train import load_preset, stop_signals, train
from schemas.config import ConfigError
from schemas.errors import RequestError, RunError

ROOT = Path(__file__).parents[2]
SETTINGS = [  # a model of a few thousand parameters; it is logged every 50 steps
    "model.embedding_dim=8", "model.width=16", "model.heads=2", "model.feedforward=1", "model.denoiser_blocks=1",
    "model.max_tokens=12", "training.batch_tokens=64", "training.min_count=1", "training.warmup_steps=2",
    "training.warp=false", "training.validation_share=0.2", "sampling.steps=2",
]  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    """As in the process that is stopped: the same arithmetic in both."""
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("corpus") / "formulas.jsonl"
    shapes = ("=SUM(A{i}:B{i})", "=A{i}*{i}", "=MAX(A{i},B{i})", "=-C{i}", "=A{i}/B{i}", "=ABS(D{i})", "=A{i}^2")
    codes = [shape.format(i=i) for shape in shapes for i in range(1, 9)]
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
        ("small", None, ["model.heads=5"], r"^model: width 192 must be a multiple of 2 x heads = 10$"),
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
    wrong = ["--language", "python", "--corpus", "c", "--out", "o", "--variant", "unet-clamp", "--generator", "bifi"]
    with pytest.raises(SystemExit) as caught:
        main(["train", *wrong])
    assert caught.value.code == 2
    assert "--variant is one of the diffusion model, and bifi has none" in capsys.readouterr().err


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


SCRIPT = """
import json, os, signal, sys
from pipeline.train import train
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
    return {key: value for key, value in line.items() if key not in ("tokens_per_second", "core_seconds")}


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
