"""Changes of the recipe at equal core-minutes: held-out cross-entropy at fixed noise, and what samples are worth.

    python tests/benchmarks/recipe.py --language excel --corpus SNIPPETS reference \
        width-128:model.width=128,model.heads=4 no-rotary:model.rotary=false

Each change is trained from scratch on one thread, for as many steps as take the time that --steps steps of the small
preset (with --set) take. The two are timed in turns, so that other work on the machine slows both. The learning rate
decays at the end of either. Every way of feeding back is judged with --feedback all; --bpe SIZE trains on byte-pair
tokens in place of the lexer's.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import sys
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any, get_args
from unittest.mock import patch

import torch
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from generators.diffusion.checkpoint import Checkpoint, CheckpointConfig
from generators.diffusion.config import Feedback, Preset
from generators.diffusion.data import Batches, Dataset, frame_counts, prepare
from generators.diffusion.quality import draw_texts, sample_quality, validation_loss
from generators.diffusion.tokenizer import SnippetTokenizer
from generators.diffusion.training import Trainer
from pipeline.corpus import Corpus
from pipeline.train import load_preset
from validators import Language, get_language

ROUNDS, ROUND = 6, 8  # turns of timing, steps of each
HELD_OUT = 768  # snippets


def train(language: Language, dataset: Dataset, preset: Preset, steps: int) -> Trainer:
    """A trained model."""
    trainer = untrained(language, dataset, preset, steps)
    for _ in trainer.run():
        pass
    return trainer


def untrained(language: Language, dataset: Dataset, preset: Preset, steps: int) -> Trainer:
    training = preset.training.model_copy(update={"steps": steps})
    preset = preset.model_copy(update={"training": training})
    return Trainer(preset, Batches(language, dataset, preset), len(dataset.tokenizer))


def relative_cost(one: Trainer, other: Trainer) -> float:
    """Processor time of a step of one training over a step of the other, timed in turns; the median of the turns."""
    runs = one.run(), other.run()
    costs = []
    for _ in range(ROUNDS):
        spent = []
        for run in runs:
            start = time.process_time()
            for _ in itertools.islice(run, ROUND):
                pass
            spent.append(time.process_time() - start)
        costs.append(spent[0] / spent[1])
    return statistics.median(costs[1:])  # the first turn warms up


def byte_pairs(language: str, texts: Iterable[str], *limits: int, size: int) -> SnippetTokenizer:
    """Byte-pair encoding in place of `SnippetTokenizer.train`; numbers are cut into pairs of digits as there."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"\d{1,2}|[^\d]+"), "isolated")
    special, ascii_characters = ["<pad>", "<eos>", "<unk>"], [chr(c) for c in range(32, 127)]
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=special, initial_alphabet=ascii_characters, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return SnippetTokenizer(tokenizer)


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
    parser.add_argument("--steps", type=int, default=700, help="of the small preset; others get the same time")
    parser.add_argument("--samples", type=int, default=384)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--feedback", choices=["preset", "all"], default="preset")
    parser.add_argument("--bpe", type=int, help="size of a byte-pair vocabulary in place of the lexer's")
    parser.add_argument("--set", action="append", default=[], dest="settings", help="section.field=value of every one")
    parser.add_argument("changes", nargs="+", metavar="NAME[:section.field=value,...]")
    given = parser.parse_args()
    torch.set_num_threads(1)
    language, snippets = get_language(given.language), Corpus(given.corpus).snippets()
    datasets: dict[str, Dataset] = {}

    def dataset_for(preset: Preset) -> Dataset:
        fields = {"delexicalise", "sketch_cap", "min_count", "max_vocabulary", "validation_share", "seed"}
        key = f"{preset.model.max_tokens} {preset.training.model_dump(include=fields)}"
        if key not in datasets:
            train_tokens = partial(byte_pairs, size=given.bpe) if given.bpe else SnippetTokenizer.train
            with patch.object(SnippetTokenizer, "train", train_tokens):
                datasets[key] = prepare(language, snippets, preset)
        return datasets[key]

    reference = load_preset("small", None, given.seed, given.settings)
    for change in given.changes:
        name, _, settings = change.partition(":")
        preset = load_preset("small", None, given.seed, [*given.settings, *filter(None, settings.split(","))])
        dataset, cost = dataset_for(preset), 1.0
        if preset != reference:
            pair = [untrained(language, dataset_for(p), p, 10**9) for p in (preset, reference)]
            cost = relative_cost(pair[0], pair[1])
        trainer = train(language, dataset, preset, round(given.steps / cost))
        feedbacks: tuple[Feedback, ...] = (
            get_args(Feedback) if given.feedback == "all" else (preset.sampling.feedback,)
        )
        figures = judge(language, dataset, preset, trainer, given.samples, feedbacks)
        line = {"name": name, "snippets": len(dataset.train), "cost_of_a_step": round(cost, 2)}
        print(json.dumps(line | figures), flush=True)


if __name__ == "__main__":
    main()
