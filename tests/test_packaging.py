"""Promises of an installation that is not editable: all files come along, and it runs where no checkout is."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("schemas", "validators", "generators", "pipeline")
BUILT_FROM = ("pyproject.toml", "README.md", "LICENSE")
CACHES = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")


def files(root: Path) -> dict[str, str]:
    """The SHA-256 of what lies in the packages below a folder, without what Python keeps for itself."""
    found = (file for package in PACKAGES for file in (root / package).rglob("*") if file.is_file())
    sources = (file for file in found if file.suffix != ".pyc")
    return {str(file.relative_to(root)): hashlib.sha256(file.read_bytes()).hexdigest() for file in sources}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what a wheel is built from, since building leaves files behind, and would take up those of before."""
    folder = tmp_path_factory.mktemp("source")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=CACHES)
    for name in BUILT_FROM:
        shutil.copy(ROOT / name, folder)
    return folder


@pytest.fixture(scope="module")
def installed(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the project is installed in, without its dependencies, from a wheel that is built now."""
    pytest.importorskip("setuptools", "77", reason="the build backend is missing")
    pytest.importorskip("pip", reason="nothing that installs is here")
    folder = tmp_path_factory.mktemp("installed")
    options = ["--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "install", *options, "--target", str(folder), "."]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


def run(installed: Path, folder: Path, *command: str) -> str:
    """The output of a command that finds the installed packages and no others, in a folder of its own."""
    environment = os.environ | {"PYTHONPATH": str(installed), "COLUMNS": "100", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def pairs(out: Path) -> int:
    """How many pairs a published dataset says that it has."""
    rows = json.loads((out / "manifest.json").read_text())["files"]
    return sum(file["rows"] for file in rows)


def test_an_installation_has_every_file_of_the_packages_and_no_others(source: Path, installed: Path) -> None:
    there, expected = files(installed), files(source)
    assert sorted(there) == sorted(expected)
    assert [name for name in expected if there[name] != expected[name]] == []
    assert {Path(name).suffix for name in expected} >= {".py", ".json", ".tsv", ".yaml", ".safetensors", ".gz", ".md"}


def test_the_console_script_of_an_installation_tells_its_commands(installed: Path, tmp_path: Path) -> None:
    told = run(installed, tmp_path, str(installed / "bin" / "repairgen"), "--help")
    assert all(name in told for name in ("run", "train", "corpus", "check", "repair", "show", "verify"))
    where = run(installed, tmp_path, sys.executable, "-c", "import pipeline; print(pipeline.__file__)")
    assert Path(where.strip()).is_relative_to(installed)


@pytest.mark.parametrize(
    "settings",
    [("--set", "diffusion.mode=renoise"), ("--generator", "flame", "--set", "flame.sampler=weighted")],
    ids=["diffusion", "flame"],
)
def test_an_installation_makes_a_dataset_in_an_empty_folder(
    installed: Path, tmp_path: Path, settings: tuple[str, ...]
) -> None:
    request = ("run", "--local", "--language", "excel", "--pairs", "20", "--out", "out/x", *settings)
    run(installed, tmp_path, sys.executable, "-m", "pipeline", *request)
    out = tmp_path / "out" / "x"
    assert pairs(out) == 20
    assert "excel" in (out / "README.md").read_text()
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]
    assert "as it was published" in run(installed, tmp_path, str(installed / "bin" / "repairgen"), "verify", "out/x")
