"""The dataset card says where pairs come from, and what other settings would yield with the same model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from generators.diffusion.checkpoint import checkpoint_hash, find_checkpoint
from generators.diffusion.yields import YieldOption, Yields, write_yields
from pipeline.dataset.card import render_card
from pipeline.files.storage import Storage
from pipeline.inspection.verify import verify
from pipeline.run.identity import run_identity
from pipeline.run.ingredients import Ingredients
from pipeline.run.launch import launch
from pipeline.run.progress import SilentReport
from schemas.config import load_config
from schemas.errors import RequestError
from schemas.manifest import Manifest
from tests.pipeline.fakes import make_config, published, run_fake

NEAR = YieldOption(
    name="stratified", settings="--set diffusion.selection=stratified", pairs_per_thousand=312.5,
    near_per_thousand=300, pairs_a_minute=1234,
)  # fmt: skip
YIELDS = Yields(
    model=checkpoint_hash(find_checkpoint("excel", None)), date="2026-11-20", machine="2 cores",
    command="evaluate samples", samples=2_000, options=[NEAR],
)  # fmt: skip


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    return run_fake(make_config(tmp_path_factory.mktemp("card")))


def render(manifest: Manifest, **statistics: Any) -> str:
    statistics = {k: v for k, v in (manifest.statistics | statistics).items() if v is not None}
    return render_card(manifest.model_copy(update={"statistics": statistics}), "0" * 64)


def test_every_noise_level_has_a_line(manifest: Manifest) -> None:
    levels = manifest.statistics["level_yields"]
    assert len(levels) > 3
    card = render(manifest)
    for level, counts in levels.items():
        line = " | ".join(str(counts[c]) for c in ("sampled", "repaired", "pairs", "near"))
        assert f"| {level} | {line} |" in card.splitlines()


def test_without_timesteps_or_measured_yields_the_card_has_no_such_section(manifest: Manifest) -> None:
    card = render(manifest, level_yields=None)
    assert "trajectories the pairs come from" not in card
    assert "other settings would yield" not in card


def test_what_was_measured_of_the_model_is_shown_with_date_machine_and_command(manifest: Manifest) -> None:
    card = render(manifest, model_yields=YIELDS.model_dump())
    section = card.partition("## What other settings would yield")[2].partition("## Figures")[0]
    for part in ("2026-11-20", "2 cores", "`evaluate samples`", "2,000 trajectories"):
        assert part in section
    assert "| stratified | `--set diffusion.selection=stratified` | 312.5 | 300.0 | 1,234.0 |" in section


def test_the_card_says_how_like_peoples_mistakes_the_pairs_are_and_that_numbers_matter(manifest: Manifest) -> None:
    likeness = manifest.statistics["human_likeness"]
    trained = sum(file.rows for file in manifest.files if (file.config, file.split) == ("excel", "train"))
    assert likeness["pairs"] == trained > 0
    section = render(manifest).partition("## How like people's mistakes")[2].partition("## Figures")[0]
    people = likeness["people"]
    for part in (
        f"**{likeness['divergence']:.3f}**", f"the first {trained} pairs of the train split (at most 3,000",
        f"{people['pairs']} mistakes", people["files"][0]["name"], people["files"][0]["sha256"][:16], people["date"],
        f"People differ from people by {people['floor']['divergence']:.3f}", f"halves of {people['floor']['pairs']}",
        "The fewer pairs, the higher",
    ):  # fmt: skip
        assert part in section
    for name, shares in likeness["edit_types"].items():
        assert f"| `{name}` | {shares['pairs']:.1%} | {shares['people']:.1%} |" in section.splitlines()


def test_an_edit_of_a_pipe_does_not_break_the_table_and_a_floor_may_be_unknown(manifest: Manifest) -> None:
    likeness = manifest.statistics["human_likeness"]
    changed = likeness | {
        "edit_types": {"|>-": {"pairs": 1, "people": 0}}, "people": likeness["people"] | {"floor": None},
    }  # fmt: skip
    card = render(manifest, human_likeness=changed)
    assert "| `\\|>-` | 100.0% | 0.0% |" in card
    assert "People differ from people" not in card


def test_a_version_that_was_published_without_such_figures_has_its_card_still(manifest: Manifest) -> None:
    assert "How like people's mistakes" not in render(manifest, human_likeness=None)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A copy of the bundled model without recorded yields."""
    folder = tmp_path / "model"
    folder.mkdir()
    for file in find_checkpoint("excel", None).iterdir():
        if file.name != "yields.json":
            (folder / file.name).write_bytes(file.read_bytes())
    return folder


def test_yields_are_told_and_are_no_part_of_the_identity(model: Path, tmp_path: Path) -> None:
    config = make_config(tmp_path / "out", checkpoint=str(model))
    without = Ingredients(config)
    assert without.statistics() == {}
    write_yields(model, YIELDS)
    ingredients = Ingredients(config)
    assert ingredients.statistics() == {"model_yields": YIELDS.model_dump()}
    assert run_identity(config, ingredients.hashes) == run_identity(config, without.hashes)


def test_damaged_yields_are_refused_before_anything_is_sampled(model: Path, tmp_path: Path) -> None:
    (model / "yields.json").write_text("{")
    with pytest.raises(RequestError, match=r"yields\.json is damaged"):
        Ingredients(make_config(tmp_path / "out", checkpoint=str(model)))


def test_a_rerun_with_the_same_model_publishes_the_same_bytes_with_its_yields(model: Path, tmp_path: Path) -> None:
    write_yields(model, YIELDS)
    out = tmp_path / "out"
    values = {"language": "excel", "pairs": 2, "out": str(out), "checkpoint": str(model), "seed": 3}
    config = load_config(None, ["diffusion.steps=6", "diffusion.tile=8", "shard_rows=48"], values)
    launch(config, SilentReport(), local=True)
    first = published(out)
    assert "## What other settings would yield" in first["README.md"].decode()
    (out / "README.md").unlink()
    launch(config, SilentReport(), local=True)
    assert published(out) == first
    assert verify(Storage(str(out)), deep=True) == []
