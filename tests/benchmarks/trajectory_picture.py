"""A picture of one trajectory: what the model's text is on the way from pure noise to the repair.

    python tests/benchmarks/trajectory_picture.py --language powershell --seed 3 --out docs/trajectory.svg

Drawn is the first trajectory of the seed whose last text is accepted and which passes a refused text within the last
fifth of its steps: the pair that the paper draws. Green are the tokens that the last text has as well.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("svg")

import matplotlib.pyplot as plt
from rapidfuzz.distance import Levenshtein

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from generators.diffusion.checkpoint import BUNDLED, load_checkpoint
from generators.diffusion.sampling import TrajectoryTiles
from validators import get_language

SHOWN = (50, 40, 30, 25, 20, 15, 10, 8, 6, 4, 3, 2, 1, 0)  # fiftieths of the way that are still to go
TILE, TILES = 16, 20
WIDTH, MARGIN = 66, 11  # characters of a line, and of what stands on either side
ADVANCE = 6.02  # points from one character to the next: 0.602 of the font's size
MOST, LEAST = 24, 9  # tokens of the last text
KEPT, CHANGED = "#1a7f37", "#b35900"


def trajectories(language: str, seed: int) -> Any:
    """For each trajectory of the seed its tokens at the shown steps, noise first."""
    checkpoint = load_checkpoint(BUNDLED / language, language)
    steps = checkpoint.config.sampling.steps
    shown = sorted({round(steps * part / 50) for part in SHOWN}, reverse=True)
    tiles = TrajectoryTiles(checkpoint, checkpoint.config.sampling, TILE)
    for tile in range(TILES):
        _, way = tiles.run(seed, tile, decode_when=lambda t: t in shown)
        decoded = {step.t: step.tokens_BL.tolist() for step in way if step.tokens_BL is not None}
        for row in range(TILE):
            tokens = [(t, checkpoint.tokenizer.tokens(decoded[t][row])) for t in shown if t in decoded]
            if all(found is not None for _, found in tokens):
                slots = checkpoint.tokenizer.fill([token for _, found in tokens for token in found], seed)
                yield steps, [(t, found, checkpoint.tokenizer.write(found, slots)) for t, found in tokens]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--language", required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    language = get_language(arguments.language)
    for steps, way in trajectories(arguments.language, arguments.seed):
        late = [text for t, _, text in way if 0 < t <= steps / 5]
        one_line = all("\n" not in text and len(text) < WIDTH for _, _, text in way)
        pair = language.check(way[-1][2]).accepted and any(not language.check(text).accepted for text in late)
        if one_line and pair and LEAST <= len(way[-1][1]) <= MOST:
            draw(arguments.out, steps, [(t, text, language.check(text).accepted) for t, _, text in way], language)
            return
    sys.exit(f"none of {TILE * TILES} trajectories is such a one: try another --seed")


def draw(out: Path, steps: int, way: list[tuple[int, str, bool]], language: Any) -> None:
    """Each text on a line, with its step and verdict."""
    plt.rcParams |= {"svg.fonttype": "none", "svg.hashsalt": "repairgen", "font.family": "monospace", "font.size": 10}
    columns = MARGIN + WIDTH + MARGIN
    figure = plt.figure(figsize=(columns * ADVANCE / 72, 0.26 * (len(way) + 1)))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(-MARGIN, WIDTH + MARGIN), ylim=(-len(way), 1))
    axes.set_axis_off()
    last = [token.text for token in language.tokens(way[-1][1])]
    for line, (t, text, accepted) in enumerate(way):
        axes.text(1 - MARGIN, -line, f"t = {t:>3}", color="#57606a", va="center")
        tokens = [token.text for token in language.tokens(text)]
        blocks = Levenshtein.opcodes(tokens, last).as_matching_blocks()
        kept = {block.a + i for block in blocks for i in range(block.size)}
        place = 0
        for i, token in enumerate(tokens):
            axes.text(place, -line, token.replace("$", r"\$"), color=KEPT if i in kept else CHANGED, va="center")
            place += len(token)
        axes.text(WIDTH, -line, "accepted" if accepted else "refused", color="#57606a", va="center")
    figure.savefig(out, metadata={"Date": None} if out.suffix == ".svg" else None, dpi=150)


if __name__ == "__main__":
    main()
