"""Changes of the recipe at equal core-minutes: held-out cross-entropy at fixed noise, and what samples are worth.

    python tests/benchmarks/recipe.py --language excel --corpus SNIPPETS reference \
        width-128:model.width=128,model.heads=4 no-rotary:model.rotary=false

Each change is trained from scratch on one thread, for as many steps as fit the minutes by its own speed over the first
steps, the learning rate decaying at their end. Every way of feeding back is judged with --feedback all.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import time
from pathlib import Path
from typing import Any, get_args

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from generators.diffusion.checkpoint import Checkpoint, CheckpointConfig
from generators.diffusion.config import Feedback, Preset
from generators.diffusion.data import Batches, Dataset, frame_counts, prepare
from generators.diffusion.quality import draw_texts, sample_quality, validation_loss
from generators.diffusion.training import Trainer
from pipeline.corpus import Corpus
from pipeline.train import load_preset
from validators import Language, get_language

CALIBRATION = 40  # steps
HELD_OUT = 768  # snippets


def train(language: Language, dataset: Dataset, preset: Preset, minutes: float) -> Trainer:
    """A model that took so many minutes of one core."""
    batches = Batches(language, dataset, preset)

    def trainer(steps: int) -> Trainer:
        training = preset.training.model_copy(update={"steps": steps})
        return Trainer(preset.model_copy(update={"training": training}), batches, len(dataset.tokenizer))

    start = time.process_time()
    for _ in itertools.islice(trainer(10**9).run(), CALIBRATION):
        pass
    step = (time.process_time() - start) / CALIBRATION
    trained = trainer(round(60 * minutes / step))
    for _ in trained.run():
        pass
    return trained


def judge(
    language: Language, dataset: Dataset, preset: Preset, trainer: Trainer, samples: int,
    feedbacks: tuple[Feedback, ...],
) -> dict[str, Any]:  # fmt: skip
    """Figures of the averaged weights."""
    config = CheckpointConfig(
        language=language.name, preset="small", model=preset.model, training=preset.training,
        sampling=preset.sampling, frame_counts=frame_counts(dataset, preset), trained_steps=trainer.step,
        corpus_sha256="",
    )  # fmt: skip
    checkpoint = Checkpoint(config=config, model=trainer.averaged.eval(), tokenizer=dataset.tokenizer)
    known = set(dataset.train)
    figures: dict[str, Any] = {
        "steps": trainer.step, "parameters": sum(p.numel() for p in checkpoint.model.parameters()),
        "validation_cross_entropy": round(validation_loss(checkpoint, dataset.validation[:HELD_OUT], 0), 3),
    }  # fmt: skip
    for feedback in feedbacks:
        sampling = preset.sampling.model_copy(update={"feedback": feedback})
        quality = sample_quality(language, draw_texts(checkpoint, samples, 7, sampling), known)
        figures[feedback] = {
            "accepted": round(quality["accepted"], 3), "good": round(quality["accepted_novel_distinct_nontrivial"], 3)
        }  # fmt: skip
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--language", required=True)
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--samples", type=int, default=384)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--feedback", choices=["preset", "all"], default="preset")
    parser.add_argument("--set", action="append", default=[], dest="settings", help="section.field=value of every one")
    parser.add_argument("changes", nargs="+", metavar="NAME[:section.field=value,...]")
    given = parser.parse_args()
    torch.set_num_threads(1)
    language, snippets = get_language(given.language), Corpus(given.corpus).snippets()
    datasets: dict[str, Dataset] = {}
    for change in given.changes:
        name, _, settings = change.partition(":")
        preset = load_preset("small", None, given.seed, [*given.settings, *filter(None, settings.split(","))])
        fields = {"delexicalise", "sketch_cap", "min_count", "max_vocabulary", "validation_share", "seed"}
        key = f"{preset.model.max_tokens} {preset.training.model_dump(include=fields)}"
        if key not in datasets:
            datasets[key] = prepare(language, snippets, preset)
        trainer = train(language, datasets[key], preset, given.minutes)
        feedbacks: tuple[Feedback, ...] = (
            get_args(Feedback) if given.feedback == "all" else (preset.sampling.feedback,)
        )
        figures = judge(language, datasets[key], preset, trainer, given.samples, feedbacks)
        print(json.dumps({"name": name, "snippets": len(datasets[key].train)} | figures), flush=True)


if __name__ == "__main__":
    main()
