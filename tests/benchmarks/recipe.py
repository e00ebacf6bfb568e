"""Changes of the recipe at equal core-minutes: held-out cross-entropy at fixed noise, and what samples are worth.

    python tests/benchmarks/recipe.py --language excel --corpus SNIPPETS --minutes 3 reference \
        width-128:model.width=128,model.heads=4 muon:training.optimiser=muon

Each change is trained from scratch on one thread for as many minutes of processor time, with the learning rate falling
at their end. Every way of feeding back is judged with --feedback all.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any, get_args

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from generators.diffusion.checkpoint import Checkpoint, CheckpointConfig
from generators.diffusion.config import Feedback, Preset
from generators.diffusion.data import Batches, Dataset, frame_counts, prepare
from generators.diffusion.quality import draw_texts, sample_quality, validation_loss
from generators.diffusion.training import Trainer
from generators.diffusion.training_set import describe
from pipeline.corpus import Corpus
from pipeline.training.diffusion import load_preset
from validators import Language, get_language

HELD_OUT = 768  # snippets
OF_DATA = {"literals", "sketch_cap", "min_count", "max_vocabulary", "validation_share", "seed"}  # settings


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
    knows = describe(language, dataset.texts(dataset.train)).knows
    figures: dict[str, Any] = {
        "steps": trainer.step, "core_minutes": round(trainer.seconds / 60, 2),
        "parameters": checkpoint.model.parameter_counts()["total"],
        "validation_cross_entropy": round(validation_loss(checkpoint, dataset.validation[:HELD_OUT], 0), 3),
    }  # fmt: skip
    for feedback in feedbacks:
        sampling = preset.sampling.model_copy(update={"feedback": feedback})
        quality = sample_quality(language, draw_texts(checkpoint, samples, 7, sampling), knows)
        figures[feedback] = {
            "accepted": round(quality["accepted"], 3), "good": round(quality["accepted_novel_distinct_nontrivial"], 3)
        }  # fmt: skip
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--language", required=True)
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--minutes", type=float, default=3.0, help="of processor time, for each change")
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
        name, _, changes = change.partition(":")
        settings = [*given.settings, *filter(None, changes.split(","))]
        preset = load_preset("small", None, given.seed, settings, max_minutes=given.minutes)
        key = f"{preset.model.max_tokens} {preset.training.model_dump(include=OF_DATA)}"
        dataset = datasets[key] = datasets.get(key) or prepare(language, snippets, preset)
        trainer = Trainer(preset, Batches(dataset, preset), len(dataset.tokenizer))
        for _ in trainer.run():
            pass
        feedbacks: tuple[Feedback, ...] = get_args(Feedback) if given.feedback == "all" else (preset.sampling.feedback,)
        figures = judge(language, dataset, preset, trainer, given.samples, feedbacks)
        print(json.dumps({"name": name, "snippets": len(dataset.train)} | figures), flush=True)


if __name__ == "__main__":
    main()
