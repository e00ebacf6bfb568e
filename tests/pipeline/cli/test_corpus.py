"""The `corpus` command: figures on stdout, one line on stderr where something is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.cli import main


def corpus(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as caught:
        main(["corpus", *(str(argument) for argument in arguments)])
    captured = capsys.readouterr()
    return int(caught.value.code or 0), captured.out, captured.err


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.py").write_text("import os, sys\n\nx = 1\n\nlogin(password='hunter2-hunter2')\n")
    for number in range(12):
        (folder / f"bad{number:02}.py").write_text("print 'Python 2'\n")
    return folder


def test_a_person_reads_what_was_kept_and_what_was_not_and_why(
    capsys: pytest.CaptureFixture[str], folder: Path, tmp_path: Path
) -> None:
    code, out, err = corpus(capsys, "--language", "python", folder, "--out", tmp_path / "out.jsonl")
    assert (code, err) == (0, "")
    words = " ".join(out.split())
    assert "1 Python files read: 2 of 3 snippets kept" in words
    assert "snippets 3 100% kept 2 66.7% too short 1 33.3%" in words
    assert "secrets replaced in kept snippets: 1 password" in words
    assert "12 files skipped: 12 does not parse" in words
    assert "in/bad00.py: does not parse (line 1: Missing parentheses" in words
    assert "bad09.py" in words and "bad10.py" not in words and "and 2 more; --json lists all" in words
    assert f"run --language python --generator bifi --corpus {tmp_path / 'out.jsonl'}" in words


def test_a_program_reads_all_figures(capsys: pytest.CaptureFixture[str], folder: Path, tmp_path: Path) -> None:
    out_file = tmp_path / "out.jsonl"
    code, out, err = corpus(capsys, "--language", "python", folder, "--out", out_file, "--json", "--min-tokens", 3)
    assert (code, err, out.count("\n")) == (0, "", 1)
    figures = json.loads(out)
    assert figures["files"]["Python files"] == {"read": 1, "skipped": {"does not parse": 12}, "found": 3, "kept": 3}
    assert figures["snippets"] == {"found": 3, "kept": 3, "left_out": {}, "scrubbed": {"password": 1}}
    assert len(figures["skipped_files"]) == 12
    assert figures["skipped_files"][0]["file"] == "in/bad00.py"
    assert len(out_file.read_text().splitlines()) == 3


def test_a_wrong_request_is_one_line_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("generators.diffusion.checkpoint.BUNDLED", tmp_path)
    out = ["--out", tmp_path / "out.jsonl"]
    for arguments, message in (
        (["--language", "python", *out], "give files and folders, or --from-model, one of the two"),
        (["--language", "python", "--from-model", folder, *out], "give files and folders, or --from-model"),
        (["--language", "perl", folder, *out], "language 'perl' is unknown"),
        (["--language", "python", tmp_path / "missing", *out], "missing is not there"),
        (["--language", "python", folder, "--out", "out.csv"], "--out out.csv must end with one of"),
        (["--language", "python", folder, "--max-tokens", 2, *out], "--min-tokens 4 is more than --max-tokens 2"),
        (["--language", "python", folder, "--benchmark", "no.json", *out], "benchmark no.json cannot be read"),
        (["--language", "powershell", "--from-model", *out], "no diffusion model is bundled for powershell"),
    ):
        code, printed, err = corpus(capsys, *arguments)
        assert (code, printed) == (2, ""), arguments
        assert err.startswith("repairgen: ") and message in err and err.count("\n") == 1, err


def test_a_model_may_be_asked_instead(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("generators.diffusion.checkpoint.load_checkpoint", lambda folder, language: None)
    texts = [f"=SUM(A{n}:B{n})" for n in range(1, 9)]
    monkeypatch.setattr("generators.diffusion.quality.draw_texts", lambda model, count, seed: list(texts))
    out = tmp_path / "out.jsonl"
    code, printed, err = corpus(capsys, "--language", "excel", "--from-model", "--count", 4, "--out", out)
    assert (code, err) == (0, "")
    assert "kept" in printed and len(out.read_text().splitlines()) == 4
