"""`evaluate pairs`: its figures are those of the pairs given, at equal numbers; a wrong request is one line."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli import main
from pipeline.evaluation.pairs import evaluate as module
from pipeline.evaluation.pairs.evaluate import evaluate_pairs, human_edits
from pipeline.evaluation.pairs.report import markdown, tables
from pipeline.files.parquet import decode
from pipeline.files.storage import Storage
from schemas.errors import RequestError
from tests.pipeline.fakes import make_config, run_fake
from validators import get_language
from validators import human_edits as human_edits_module
from validators.edit_types import PairEdits, divergence, histogram, pair_edits
from validators.human_edits import load_human_edits

EXCEL = get_language("excel")
REAL = [
    ("=SUM(A1", "=SUM(A1)"), ("=SUM(A1,B1", "=SUM(A1,B1)"), ("=MAX(A1))", "=MAX(A1)"), ("=A1+", "=A1+B1"),
    ("=IF(A1>1,2,,3)", "=IF(A1>1,2,3)"), ("=SUM((A1)", "=SUM(A1)"),
]  # fmt: skip
PLOTS = ("human-likeness.png", "human-likeness.svg")


def write(path: Path, pairs: list[tuple[str, str]] | list[tuple[str, str | None]]) -> Path:
    path.write_text(json.dumps([{"Buggy": broken, "GroundTruth": fixed} for broken, fixed in pairs]))
    return path


@pytest.fixture
def human(tmp_path: Path) -> Path:
    """Real mistakes, and four rows that do not count."""
    others = [("=A1", "=A2"), ("=A1(", "=A1)"), ("=A1(", None), ("=B1)(", "=B1((")]
    return write(tmp_path / "real.json", [*REAL, *others])


def made(count: int) -> list[tuple[str, str]]:
    """Pairs of two kinds, one of which people have too."""
    return [
        (f"=SUM(A{n}", f"=SUM(A{n})") if n % 3 else (f"=SUM(A{n}+)", f"=SUM(A{n})") for n in range(1, count + 1)
    ]  # fmt: skip


def evaluate(human: Path, *datasets: Path | str, **given: Any) -> dict[str, Any]:
    return evaluate_pairs(
        **{"datasets": list(map(str, datasets)), "language": "excel", "human": [str(human)], "seed": 3} | given
    )


def edits_of(pairs: list[tuple[str, str]]) -> list[PairEdits]:
    return [pair_edits(EXCEL, *pair) for pair in pairs]


def test_the_figure_is_the_divergence_of_all_pairs_from_the_real_mistakes_that_count(
    human: Path, tmp_path: Path
) -> None:
    given = write(tmp_path / "made.json", made(9))
    results = evaluate(human, given)
    people = results["people"]
    assert people["files"][0] | {"sha256": ""} == {
        "name": "real.json", "sha256": "", "rows": 10, "pairs": 6, "without_truth": 1, "broken_accepted": 1,
        "fixed_rejected": 2, "without_edits": 0,
    }  # fmt: skip
    assert people["types"] == {name: round(share, 6) for name, share in histogram(edits_of(REAL)).items()}
    (dataset,) = results["datasets"]
    assert (results["n"], dataset["pairs"], dataset["name"], dataset["known"]) == (9, 9, "made.json", 1)
    expected = divergence(histogram(edits_of(made(9))), histogram(edits_of(REAL)))
    found = dataset["divergence"]
    assert found["value"] == pytest.approx(expected, abs=1e-6)
    assert 0 <= found["low"] < found["value"] < found["high"] <= 1
    assert dataset["types"] == {"->)": pytest.approx(2 / 3, abs=1e-6), "+>-": pytest.approx(1 / 3, abs=1e-6)}
    assert dataset["at_half"]["pairs"] == results["floor"]["pairs"] == 3
    assert dataset["difference"] is None


def test_as_many_pairs_are_drawn_of_each_dataset_and_the_same_whatever_is_beside_it(
    human: Path, tmp_path: Path
) -> None:
    small, large = write(tmp_path / "small.json", made(5)), write(tmp_path / "large.json", made(40))
    both = evaluate(human, small, large)
    assert both["n"] == 5 and [each["pairs"] for each in both["datasets"]] == [5, 40]
    alone = evaluate(human, large, n=5)["datasets"][0]
    assert both["datasets"][1] | {"difference": None} == alone
    values = [each["divergence"]["value"] for each in both["datasets"]]
    assert both["datasets"][1]["difference"]["value"] == pytest.approx(values[1] - values[0], abs=2e-6)
    assert evaluate(human, large)["n"] == 40
    drawn = {json.dumps(evaluate(human, large, n=5, seed=seed)["datasets"][0]["types"]) for seed in range(8)}
    assert len(drawn) > 1


def test_no_more_than_so_many_are_drawn_if_nobody_asks(
    human: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST", 7)
    assert evaluate(human, write(tmp_path / "made.json", made(9)))["n"] == 7


def test_people_of_one_mind_have_a_floor_of_0_and_one_person_has_none(tmp_path: Path) -> None:
    same = write(tmp_path / "same.json", [(f"=SUM(A{n}", f"=SUM(A{n})") for n in range(1, 8)])
    floor = evaluate(same)["floor"]
    assert (floor["value"], floor["high"], floor["pairs"]) == (0, 0, 3)
    assert evaluate(write(tmp_path / "one.json", REAL[:1]))["floor"] is None


def test_files_of_people_are_taken_together(human: Path, tmp_path: Path) -> None:
    more = write(tmp_path / "more.json", made(4))
    together = evaluate_pairs(datasets=(), language="excel", human=[str(human), str(more)])
    assert [file["pairs"] for file in together["people"]["files"]] == [6, 4]
    assert together["people"]["pairs"] == 10
    shares = histogram(edits_of([*REAL, *made(4)]))
    assert together["people"]["types"] == {name: round(share, 6) for name, share in shares.items()}


@pytest.mark.parametrize("kind", ["folder", "uri"])
def test_a_published_dataset_is_read_whole_and_its_rejected_rows_are_not(
    human: Path, tmp_path: Path, kind: str
) -> None:
    out = str(tmp_path / "out") if kind == "folder" else f"memory://{uuid.uuid4().hex}"
    manifest = run_fake(make_config(out))
    assert len({file.split for file in manifest.files if file.config == "excel"}) == 3
    (dataset,) = evaluate(human, out)["datasets"]
    storage = Storage(out)
    rows = [
        row for file in manifest.files if file.config == "excel" for row in decode(storage.read(file.path)).to_pylist()
    ]
    assert dataset["pairs"] == dataset["with_edits"] == len(rows) == 40
    shares = histogram(edits_of([(row["broken"], row["fixed"]) for row in rows]))
    assert dataset["types"] == {name: pytest.approx(share, abs=1e-6) for name, share in shares.items()}
    distances = [row["token_edit_distance"] for row in rows]
    assert dataset["distance"]["shares"]["1"] == distances.count(1) / 40
    few = evaluate(human, out, n=11)["datasets"][0]
    assert few["with_edits"] == 11 and few["types"] != dataset["types"]


def test_a_rerun_gives_the_same_files(human: Path, tmp_path: Path) -> None:
    given = write(tmp_path / "made.json", made(9))
    first = evaluate(human, given, out=tmp_path / "a")
    assert evaluate(human, given, out=tmp_path / "b") == first
    names = {path.name for path in (tmp_path / "a").iterdir()}
    assert names == {"pairs.json", "pairs.md", *PLOTS}
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert json.loads((tmp_path / "a" / "pairs.json").read_text()) == first


def test_the_report_holds_every_table_and_what_must_be_known(human: Path, tmp_path: Path) -> None:
    given = write(tmp_path / "made.json", [*made(8), ("=A1", "=A1")])
    results = evaluate(human, given, write(tmp_path / "more.json", made(9)))
    report = markdown(results, PLOTS)
    for table in tables(results):
        assert table.rows and f"## {table.title}" in report
        assert all(len(row) == len(table.head) for row in table.rows)
    value, low, high = (results["datasets"][0]["divergence"][name] for name in ("value", "low", "high"))
    assert f"| made.json | 9 of 9 | {value:.3f} ({low:.3f} to {high:.3f}) | - |" in report
    assert "real.json: 6 of 10 rows count; 1 have no truth" in report
    assert "1 of the pairs drawn do not differ in a token" in report
    assert "1 of the pairs drawn are people's own" in report
    assert "| `->)` |" in report and "![human-likeness.png]" in report and "human-likeness.svg" not in report


def run(*arguments: object) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["evaluate", "pairs", *map(str, arguments)])
    assert not caught.value.code


def test_the_command_prints_tables_or_one_json_value(
    human: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = (write(tmp_path / "made.json", made(9)), "--language", "excel", "--human", human, "--n", 6, "--seed", 4)
    run(*given, "--out", tmp_path / "out")
    printed = capsys.readouterr()
    report = str(tmp_path / "out" / "pairs.md")
    for said in ("Divergence from people", "6 of 9", "real.json: 6 of 10 rows count", report):
        assert said in printed.out
    run(*given, "--json")
    printed = capsys.readouterr()
    assert printed.err == "" and printed.out.count("\n") == 1
    assert json.loads(printed.out) == json.loads((tmp_path / "out" / "pairs.json").read_text())


def test_columns_of_files_may_have_other_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, pairs in (("mine.jsonl", REAL), ("made.jsonl", made(6))):
        (tmp_path / name).write_text("\n".join(json.dumps({"a": broken, "b": fixed}) for broken, fixed in pairs))
    columns = ("--broken-column", "a", "--fixed-column", "b")
    run(tmp_path / "made.jsonl", "--language", "excel", "--human", tmp_path / "mine.jsonl", *columns, "--json")
    assert json.loads(capsys.readouterr().out)["people"]["pairs"] == 6


def test_a_record_holds_peoples_shares_and_how_it_was_made(
    human: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(human_edits_module, "FOLDER", tmp_path)
    run("--language", "excel", "--human", human, "--seed", 3, "--record", tmp_path / "excel.json", "--json")
    results = json.loads(capsys.readouterr().out)
    kept = load_human_edits("excel")
    assert kept is not None and kept == human_edits(results, kept.command)
    assert kept.command == (
        "python -m pipeline evaluate pairs --language excel --human real.json --seed 3 --record excel.json"
    )
    assert kept.shares == pytest.approx(histogram(edits_of(REAL)), abs=1e-6)
    assert kept.pairs == 6
    assert [(file.name, file.sha256) for file in kept.files] == [("real.json", results["people"]["files"][0]["sha256"])]
    assert kept.floor is not None and (kept.floor.divergence, kept.floor.pairs) == (results["floor"]["value"], 3)
    compared = evaluate(human, write(tmp_path / "made.json", made(4)), n=2)
    with pytest.raises(ValueError, match="without datasets"):
        human_edits(compared, "a command")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--language", "cobol", "--human", "HUMAN", "MADE"], "language 'cobol' is unknown"),
        (["--language", "excel", "MADE"], "--human"),
        (["--language", "excel", "--human", "HUMAN"], "give either a DATASET to compare, or --record FILE"),
        (["--language", "excel", "--human", "HUMAN", "MADE", "--record", "x.json"], "give either a DATASET"),
        (["--language", "excel", "--human", "nowhere.json", "MADE"], "nowhere.json cannot be read"),
        (["--language", "excel", "--human", "HUMAN", "--human", "HUMAN", "MADE"], "give each file once"),
        (["--language", "excel", "--human", "HUMAN", "MADE", "MADE"], "a dataset is given twice"),
        (["--language", "excel", "--human", "HUMAN", "MADE", "--n", "10"], "holds 9 pairs: lower --n"),
        (["--language", "excel", "--human", "HUMAN", "MADE", "--n", "0"], "'--n'"),
        (["--language", "excel", "--human", "HUMAN", "nowhere"], "nowhere is neither a published dataset nor a file"),
        (["--language", "excel", "--human", "HUMAN", "ALONE"], "holds broken code alone"),
        (["--language", "excel", "--human", "HUMAN", "EQUAL"], "differs in a token"),
        (["--language", "python", "--human", "MADE", "MADE"], "that the parser of python refuses"),
        (["--language", "excel", "--human", "HUMAN", "MADE", "--out", "HUMAN"], "cannot make the folder"),
        (["--language", "excel", "--human", "HUMAN", "--record", "HUMAN/x.json"], "cannot be written"),
    ],
)
def test_a_wrong_request_is_one_line_and_exit_code_2(
    human: Path, tmp_path: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {
        "HUMAN": human,
        "MADE": write(tmp_path / "made.json", made(9)),
        "ALONE": write(tmp_path / "alone.json", [("=A1(", None)]),
        "EQUAL": write(tmp_path / "equal.json", [("=A1", "=A1")]),
    }
    for name, path in files.items():
        arguments = [argument.replace(name, str(path)) for argument in arguments]
    with pytest.raises(SystemExit) as caught:
        main(["evaluate", "pairs", *arguments])
    printed = capsys.readouterr()
    assert caught.value.code == 2 and printed.out == ""
    assert message in printed.err and printed.err.count("\n") == 1


def test_a_dataset_of_another_language_is_refused(human: Path, tmp_path: Path) -> None:
    run_fake(make_config(tmp_path / "out"))
    with pytest.raises(RequestError, match=r"has no pairs of python but excel, excel_rejected; see --language"):
        real = write(tmp_path / "real.json", [("print(", "print()")])
        evaluate_pairs(datasets=[str(tmp_path / "out")], language="python", human=[str(real)])
