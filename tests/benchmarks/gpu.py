"""The Python half of gpu.sh, which says what it is for.

python tests/benchmarks/gpu.py prepare FOLDER [--tiny] [--set KEY=VALUE ...] LANGUAGE=CORPUS ...
python tests/benchmarks/gpu.py run FOLDER/LANGUAGE WORK OUT SECONDS
"""

from __future__ import annotations

import argparse
import gzip
import json
import resource
import shutil
import sys
import tempfile
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from generators.diffusion.config import Preset
from generators.diffusion.session import GPU_SCHEDULE, Source, TrainingRun
from generators.diffusion.training_set import HASHES, SUMMARY
from validators import get_language
from validators.structure import STRUCTURED

# large batches, which fill a GPU and bear a higher learning rate
BATCHES = ("training.batch_tokens=16384", "training.learning_rate=0.002", "training.warmup_steps=500")
OWN = {
    "excel": ("training.batch_tokens=8192", "training.learning_rate=0.0016"),  # the smallest corpus
    "powershell": ("training.min_count=40",),  # rarer names are slots
    "python": ("training.min_count=40",),
}
TINY = ("model.width=32", "model.heads=2", "training.batch_tokens=1024", "sampling.steps=4")  # to rehearse on a CPU
JUDGED_LITTLE = replace(GPU_SCHEDULE, evaluate_every=1_000_000, final_samples=128)  # a lent GPU is not to wait


def prepare(folder: Path, corpora: list[str], settings: list[str]) -> None:
    """Write each training set as token ids, and everything else that a training needs in place of its corpus."""
    from pipeline.corpus import Corpus
    from pipeline.training.diffusion import load_preset

    for given in corpora:
        name, _, path = given.partition("=")
        if name not in STRUCTURED:
            print(f"{name}: has no structure tokens yet and is skipped")
            continue
        preset = load_preset("small", None, 0, [*BATCHES, *OWN[name], *settings])
        corpus = Corpus(path)
        source = Source(name=corpus.uri.rsplit("/", 1)[-1], sha256=corpus.sha256)
        (folder / name).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as work:
            run = training_run(name, preset, source, Path(work), corpus)
            made = Path(work) / "training"
            data = gzip.compress((made / "dataset.json").read_bytes(), mtime=0)
            (folder / name / "dataset.json.gz").write_bytes(data)
            shutil.copyfile(made / "tokenizer.json", folder / name / "tokenizer.json")
            run.training_set.save(folder / name)
            print(f"{name}: {json.dumps(run.header())}")
        about = {"language": name, "source": asdict(source), "preset": preset.model_dump()}
        (folder / name / "run.json").write_text(json.dumps(about, indent=1) + "\n")


def training_run(name: str, preset: Preset, source: Source, folder: Path, corpus: Any = None) -> TrainingRun:
    """A training in a folder, on the GPU where there is one."""
    return TrainingRun(
        folder=folder, language=get_language(name), preset_name="small", preset=preset, source=source,
        read=corpus.snippets if corpus is not None else list, schedule=JUDGED_LITTLE,
        device="cuda" if torch.cuda.is_available() and corpus is None else "cpu",
    )  # fmt: skip


def train(prepared: Path, folder: Path, out: Path, seconds: float) -> None:
    """Train for so many seconds, export, and add what was measured to the one JSON file in ``out``."""
    about = json.loads((prepared / "run.json").read_text())
    name = about["language"]
    (folder / "training").mkdir(parents=True, exist_ok=True)
    data = gzip.decompress((prepared / "dataset.json.gz").read_bytes())
    (folder / "training" / "dataset.json").write_bytes(data)
    shutil.copyfile(prepared / "tokenizer.json", folder / "training" / "tokenizer.json")
    for file in (HASHES, SUMMARY):
        shutil.copyfile(prepared / file, folder / file)
    preset = Preset.model_validate(about["preset"])
    training = preset.training.model_copy(update={"max_minutes": seconds / 60})
    preset = preset.model_copy(update={"training": training})
    began, lines = time.perf_counter(), list[dict[str, Any]]()

    def report(line: dict[str, Any]) -> None:
        lines.append(line)
        print(json.dumps(line), flush=True)

    run = training_run(name, preset, Source(**about["source"]), folder)
    report(run.header())
    run.run(report)
    half = next(line for line in lines if line.get("core_seconds", 0) >= seconds / 2)
    trainer = run.trainer
    wall, memory = time.perf_counter() - began, memory_mib()
    later = (trainer.step - half["step"]) / max(1e-9, trainer.seconds - half["core_seconds"])
    figures = {
        "device": torch.cuda.get_device_name() if trainer.device.type == "cuda" else "CPU", "torch": torch.__version__,
        "steps": trainer.step, "seconds": round(trainer.seconds, 1), "wall_seconds_with_judging": round(wall, 1),
        "steps_per_second": round(trainer.step / trainer.seconds, 2),
        "steps_per_second_after_half_time": round(later, 2),
        "tokens_per_second": lines[-1]["tokens_per_second"], "training_memory_mib": memory,
        "header": lines[0],
        "judged": [{k: v for k, v in line.items() if k != "examples"} for line in lines if "accepted" in line],
    }  # fmt: skip
    collected = out / "gpu.json"
    before = json.loads(collected.read_text()) if collected.is_file() else {}
    collected.write_text(json.dumps(before | {name: figures}, indent=1) + "\n")


def memory_mib() -> int:
    """The most that the training held: of the GPU, or without one of the process."""
    if torch.cuda.is_available():
        return round(torch.cuda.max_memory_allocated() / 2**20)
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    modes = parser.add_subparsers(dest="mode", required=True)
    preparing = modes.add_parser("prepare")
    preparing.add_argument("folder", type=Path)
    preparing.add_argument("corpora", nargs="+", metavar="LANGUAGE=CORPUS")
    preparing.add_argument("--tiny", action="store_true", help="a model that a CPU can train: to rehearse")
    preparing.add_argument("--set", action="append", default=[], dest="settings", metavar="KEY=VALUE")
    running = modes.add_parser("run")
    running.add_argument("prepared", type=Path)
    running.add_argument("work", type=Path)
    running.add_argument("out", type=Path)
    running.add_argument("seconds", type=float)
    given = parser.parse_args()
    if given.mode == "prepare":
        prepare(given.folder, given.corpora, [*(TINY if given.tiny else ()), *given.settings])
    else:
        train(given.prepared, given.work, given.out, given.seconds)


if __name__ == "__main__":
    main()
