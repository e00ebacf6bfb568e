"""What samples are worth under other settings of the sampler, from the same seeds.

python tests/benchmarks/sampler.py --language excel --samples 640 steps=50 steps=100 steps=100,temperature=0.85
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import torch
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from generators.diffusion.checkpoint import find_checkpoint, load_checkpoint
from generators.diffusion.config import SamplingConfig
from generators.diffusion.quality import draw_texts, sample_quality
from generators.diffusion.training_set import load_training_set
from validators import get_language


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--language", required=True)
    parser.add_argument("--checkpoint", help="folder; default: the bundled model")
    parser.add_argument("--samples", type=int, default=640)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("changes", nargs="+", metavar="FIELD=VALUE,...", help="of the model's own sampler")
    given = parser.parse_args()
    torch.set_num_threads(1)
    folder = find_checkpoint(given.language, given.checkpoint)
    language = get_language(given.language)
    checkpoint, training = load_checkpoint(folder, given.language), load_training_set(folder, language)
    own = checkpoint.config.sampling
    for change in given.changes:
        changed = {name: yaml.safe_load(value) for name, _, value in (f.partition("=") for f in change.split(","))}
        sampling = SamplingConfig.model_validate(own.model_dump() | changed)
        start = time.process_time()
        texts = draw_texts(checkpoint, given.samples, given.seed, sampling)
        speed = given.samples / (time.process_time() - start)
        quality = sample_quality(language, texts, training.knows if training else lambda text: False)
        accepted, good = quality["accepted"], quality["accepted_novel_distinct_nontrivial"]
        print(f"{change}: accepted {accepted:.1%}, good {good:.1%}, {speed:.1f} a second", flush=True)


if __name__ == "__main__":
    main()
