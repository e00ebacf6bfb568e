"""What a user can name as a corpus, and what is said where there is none."""

from __future__ import annotations

import gzip
import json
import re
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from generators.diffusion.checkpoint import BUNDLED
from pipeline.corpus import CorpusSource, accepted_snippets, open_corpus
from pipeline.corpus.building.default import FILE, StandardLibrary
from schemas.errors import RequestError
from tests.pipeline.fakes import make_config, run_fake


def codes(corpus: CorpusSource) -> list[str]:
    return [code for code, _ in corpus.rows()]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("published")
    run_fake(make_config(out))
    return out


def test_a_file_is_a_corpus_of_its_base_name(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text('{"code": "=A1+1", "source": "book"}\n')
    corpus = open_corpus("excel", str(path), None)
    assert (corpus.name, list(corpus.rows())) == ("mine.jsonl", [("=A1+1", "book")])
    assert list(corpus.rows()) == list(corpus.rows())


def test_a_file_without_a_known_ending_is_json_lines(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text('{"code": "=A1+1"}\n')
    assert codes(open_corpus("excel", str(tmp_path / "mine"))) == ["=A1+1"]


def test_a_published_dataset_is_its_distinct_fixed_sides_of_all_splits(dataset: Path) -> None:
    corpus = open_corpus("excel", str(dataset))
    rows = [
        row
        for file in sorted((dataset / "data" / "excel").glob("*.parquet"))
        for row in pq.read_table(file).to_pylist()
    ]
    assert len({Path(f).name.split("-")[0] for f in (dataset / "data" / "excel").iterdir()}) == 3  # every split
    found = dict(corpus.rows())
    assert list(found) and set(found) == {row["fixed"] for row in rows}
    assert len(codes(corpus)) == len(found)
    assert set(found.values()) <= {row["id"] for row in rows}
    assert corpus.name == dataset.name
    assert set(codes(open_corpus("excel", str(dataset), "broken"))) == {row["broken"] for row in rows}


def test_a_published_dataset_is_known_by_its_content(dataset: Path, tmp_path: Path) -> None:
    again, other = tmp_path / "again", tmp_path / "other"
    run_fake(make_config(again))
    run_fake(make_config(other, seed=1))
    one, same, different = (open_corpus("excel", str(out)).identity for out in (dataset, again, other))
    assert one == same != different


def test_a_published_dataset_of_another_language_or_damaged_is_refused(dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"is a dataset of excel, excel_rejected, not of python"):
        open_corpus("python", str(dataset))
    run_fake(make_config(tmp_path))
    file = min((tmp_path / "data" / "excel").iterdir())
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    with pytest.raises(RequestError, match=r"\.parquet is not what was published"):
        codes(open_corpus("excel", str(tmp_path)))
    file.unlink()
    with pytest.raises(RequestError, match=r"\.parquet is gone"):
        codes(open_corpus("excel", str(tmp_path)))


def test_a_published_dataset_may_lie_in_an_object_store(dataset: Path) -> None:
    import fsspec

    memory = fsspec.filesystem("memory")
    memory.put(str(dataset), "/published", recursive=True)
    corpus, local = open_corpus("excel", "memory://published"), open_corpus("excel", str(dataset))
    assert (list(corpus.rows()), corpus.identity) == (list(local.rows()), local.identity)


def test_what_is_not_there_is_refused_in_one_line(tmp_path: Path) -> None:
    for uri, message in {
        str(tmp_path / "missing.jsonl"): "cannot be read",
        "missing.parquet": "cannot be read",
        str(tmp_path): "holds neither a published dataset nor a file of .jsonl, .jsonl.gz, .parquet",
        str(tmp_path / "missing"): "is not there: give a file, a folder or the name of a Hugging Face dataset",
        "a/b/c": "is not there",
        "not a name": "is not there",
        "memory://nothing-here": "holds neither",
    }.items():
        with pytest.raises(RequestError) as caught:
            codes(open_corpus("excel", uri))
        assert message in str(caught.value) and "\n" not in str(caught.value), uri


def test_the_default_corpus_is_what_a_model_of_the_project_generated() -> None:
    corpus = open_corpus("excel", None)
    assert corpus.name == "what a model of excel generated"
    accepted = accepted_snippets(corpus, "excel")
    assert len(accepted.snippets) == accepted.read >= 4_000


@pytest.mark.parametrize("file", sorted(BUNDLED.glob(f"*/{FILE}")), ids=str)
def test_a_bundled_corpus_names_the_one_model_that_generated_it(file: Path) -> None:
    rows = [json.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines()]
    [source] = {row["source"] for row in rows}
    assert re.fullmatch(r"model-[0-9a-f]{12}", source)
    assert len({row["code"] for row in rows}) == len(rows)


def test_a_language_with_neither_model_nor_library_needs_a_corpus(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("pipeline.corpus.building.default.BUNDLED", tmp_path)
    for language in ("powershell", "excel"):
        with pytest.raises(
            RequestError, match=rf"^no corpus comes with the project for {language}: give one with --corpus"
        ):
            open_corpus(language, None)


def test_the_default_of_python_is_the_standard_library(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("pipeline.corpus.building.default.BUNDLED", tmp_path)
    corpus = open_corpus("python", None)
    assert corpus.name == f"standard library of CPython {sys.version.split()[0]}"
    assert isinstance(corpus, StandardLibrary)


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A standard library of two modules, with what is no part of one."""
    files = {
        "b.py": "def area(width, height):\n    return width * height\n",
        "a.py": '"""About."""\nimport os\n\nHOME = os.path.expanduser("~")\n',
        "package/inner.py": "from package import hidden_away\n",
        "site-packages/other.py": "from other import foreign_code\n",
        "broken.py": "def f(:\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_the_standard_library_is_cut_module_by_module(library: Path) -> None:
    rows = list(StandardLibrary(library).rows())
    assert rows == [
        ('HOME = os.path.expanduser("~")', "a.py:4"),
        ("def area(width, height):\n    return width * height", "b.py:1"),
    ]


def test_the_standard_library_is_known_by_its_modules(library: Path) -> None:
    before = StandardLibrary(library).identity
    assert StandardLibrary(library).identity == before
    (library / "package" / "inner.py").write_text("changed = True\n")
    assert StandardLibrary(library).identity == before
    (library / "a.py").write_text("changed = True\n")
    assert StandardLibrary(library).identity != before


def test_a_long_module_does_not_outweigh_the_others(library: Path) -> None:
    from pipeline.corpus.building.default import PER_MODULE

    (library / "a.py").write_text("".join(f"variable{i} = function{i}(1)\n\n" for i in range(3 * PER_MODULE)))
    sources = [source.split(":")[0] for _, source in StandardLibrary(library).rows() if source]
    assert sources == ["a.py"] * PER_MODULE + ["b.py"]
