"""Promises of the repository as a whole: the order of its packages, its pins, its cluster."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import sys
import tomllib
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
ORDER = ("schemas", "validators", "generators", "pipeline")  # a package imports itself and those before it
SOURCES = [file for package in ORDER for file in sorted((ROOT / package).rglob("*.py"))]


def _imports(file: Path) -> Iterator[str]:
    """The modules that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(file.read_text(), str(file))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import in line {node.lineno}"
            yield node.module or ""


def _arrows() -> set[tuple[str, str]]:
    """Which module imports which, anywhere in the files of `pipeline`; a package counts as its `__init__`."""
    modules = {_module(file) for file in SOURCES}

    def resolved(*names: str) -> str:
        """The first of the names that is a module."""
        return next((each for name in names for each in (name, f"{name}.__init__") if each in modules), names[0])

    arrows = set()
    for file in sorted((ROOT / "pipeline").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(), str(file))):
            if isinstance(node, ast.Import):
                arrows |= {(_module(file), resolved(alias.name)) for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                base = node.module or ""
                arrows |= {(_module(file), resolved(f"{base}.{alias.name}", base)) for alias in node.names}
    return arrows


def _module(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts)


def _importers(library: str) -> set[str]:
    """The files that import a library, relative to the repository."""
    return {
        str(file.relative_to(ROOT)) for file in SOURCES if any(name.split(".")[0] == library for name in _imports(file))
    }


def _pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def _pins() -> dict[str, str]:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line and not line.startswith("#")]
    return {_normalise(name): version for name, version in (line.split("==") for line in lines)}


def _normalise(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _requirements() -> list[str]:
    project = _pyproject()["project"]
    return [*project["dependencies"], *(r for extra in project["optional-dependencies"].values() for r in extra)]


def _name(requirement: str) -> str:
    return _normalise(re.split(r"[^A-Za-z0-9._-]", requirement)[0])


@pytest.mark.parametrize("package", ORDER)
def test_a_package_imports_only_those_before_it(package: str) -> None:
    later = set(ORDER[ORDER.index(package) + 1 :])
    for file in sorted((ROOT / package).rglob("*.py")):
        forbidden = {name for name in _imports(file) if name.split(".")[0] in later}
        assert not forbidden, f"{file.relative_to(ROOT)} imports {forbidden}"


def test_no_entries_of_a_folder_import_each_other_in_a_circle() -> None:
    """In every folder of `pipeline`, whose entries are files and folders: none imports itself by way of others.

    Imports inside functions count. A circle of files anywhere is one of entries of the folder that holds them all.
    """
    arrows = _arrows()
    for folder in sorted({file.parent for file in (ROOT / "pipeline").rglob("*.py")}):
        inside = _module(folder) + "."
        graph: dict[str, set[str]] = {}
        for start, end in arrows:
            if start.startswith(inside) and end.startswith(inside):
                ours, theirs = (name.removeprefix(inside).split(".")[0] for name in (start, end))
                if ours != theirs:
                    graph.setdefault(ours, set()).add(theirs)
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            pytest.fail(f"{folder.relative_to(ROOT)}: {' <- '.join(error.args[1])}")


def _ground_floor() -> set[str]:
    """The entries of `pipeline` itself."""
    return {entry.name for entry in (ROOT / "pipeline").iterdir()} - {"__init__.py", "__main__.py", "__pycache__"}


def test_the_ground_floor_of_the_pipeline_has_at_most_fourteen_entries() -> None:
    assert len(_ground_floor()) <= 14


def test_the_folders_of_the_pipeline_import_only_those_listed_below_them() -> None:
    summary = ast.get_docstring(ast.parse((ROOT / "pipeline" / "__init__.py").read_text())) or ""
    order = re.findall(r"^(\w+)  ", summary, re.MULTILINE)
    assert sorted(order) == sorted(_ground_floor())
    for start, end in _arrows():
        if end.startswith("pipeline.") and start != "pipeline.__main__":
            assert order.index(start.split(".")[1]) <= order.index(end.split(".")[1]), f"{start} imports {end}"


def test_schemas_need_only_the_standard_library_pydantic_pyarrow_and_yaml() -> None:
    allowed = sys.stdlib_module_names | {"schemas", "pydantic", "pyarrow", "yaml"}
    for file in (ROOT / "schemas").rglob("*.py"):
        assert {name.split(".")[0] for name in _imports(file)} <= allowed, file.relative_to(ROOT)


@pytest.mark.parametrize(
    ("library", "homes"),
    [
        ("torch", ("generators/diffusion/", "generators/bifi/", "generators/training_state.py", "pipeline/")),
        ("ray", ("pipeline/run/executors/ray", "pipeline/training/ray.py")),
        ("openai", ("generators/gpt4o/",)),
        ("datasets", ("pipeline/",)),
        ("openpyxl", ("pipeline/corpus/",)),
        ("transformers", ("generators/bifi/",)),
        ("typer", ("pipeline/cli/",)),
        ("fsspec", ("pipeline/",)),
    ],
)
def test_a_library_stays_where_it_belongs(library: str, homes: tuple[str, ...]) -> None:
    strays = {file for file in _importers(library) if not file.startswith(homes)}
    assert not strays


@pytest.mark.parametrize("package", ORDER)
def test_a_package_is_this_repositorys_and_not_a_namesake(package: str) -> None:
    spec = importlib.util.find_spec(package)
    assert spec is not None and spec.origin is not None
    assert Path(spec.origin) == ROOT / package / "__init__.py"


def test_every_folder_of_sources_is_a_package() -> None:
    folders = {file.parent for file in SOURCES}
    assert {folder for folder in folders if not (folder / "__init__.py").is_file()} == set()


def test_every_file_of_data_is_packaged() -> None:
    patterns = _pyproject()["tool"]["setuptools"]["package-data"]["*"]
    for package in ORDER:
        for file in (ROOT / package).rglob("*"):
            if file.is_file() and file.suffix not in (".py", ".pyc"):
                assert any(file.match(pattern) for pattern in patterns), f"{file.relative_to(ROOT)} would be left out"


def test_every_dependency_is_pinned_exactly_and_for_any_index() -> None:
    pins = _pins()
    assert {_name(requirement) for requirement in _requirements()} <= pins.keys()
    for name, version in pins.items():
        assert re.fullmatch(r"[0-9][0-9a-z.]*", version), f"{name}=={version} is no plain version"


def test_every_imported_library_is_a_declared_dependency() -> None:
    distributions = {"yaml": "pyyaml", "tree_sitter": "tree-sitter"}
    declared = {_name(requirement) for requirement in _pyproject()["project"]["dependencies"]}
    imported = {name.split(".")[0] for file in SOURCES for name in _imports(file)}
    libraries = imported - sys.stdlib_module_names - set(ORDER)
    missing = {lib for lib in libraries if distributions.get(lib, _normalise(lib)) not in declared}
    assert not missing


def test_the_cluster_is_one_that_ray_accepts() -> None:
    spec = importlib.util.find_spec("ray")
    assert spec is not None and spec.submodule_search_locations
    schema = json.loads(Path(spec.submodule_search_locations[0], "autoscaler", "ray-schema.json").read_text())
    cluster = yaml.safe_load((ROOT / "ray_cluster.yaml").read_text())
    assert [error.message for error in jsonschema.Draft7Validator(schema).iter_errors(cluster)] == []
    assert cluster["head_node_type"] in cluster["available_node_types"]


def test_the_clusters_images_have_the_pinned_ray() -> None:
    docker = yaml.safe_load((ROOT / "ray_cluster.yaml").read_text())["docker"]
    for image in (docker["head_image"], docker["worker_image"]):
        assert image.split(":")[1].split("-")[0] == _pins()["ray"]


def test_hooks_run_the_linters_of_make_and_need_no_network() -> None:
    repositories = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [repository["repo"] for repository in repositories] == ["local"]
    hooks = repositories[0]["hooks"]
    assert {hook["language"] for hook in hooks} == {"system"}
    assert [hook["entry"].split()[0] for hook in hooks] == [".venv/bin/ruff", ".venv/bin/mypy"]


def test_the_presets_are_configurations() -> None:
    from schemas.config import load_config

    files = sorted((ROOT / "pipeline" / "presets").glob("*.yaml"))
    assert files
    for file in files:
        assert load_config(str(file), options={"out": "out"}).pairs > 0
