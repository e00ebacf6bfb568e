"""`check --reference`: another parser is asked about every snippet, and what it says otherwise is printed.

An executable that answers as PowerShell does stands in for it: it refuses what holds the word `broken`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from schemas.errors import RequestError
from tests.pipeline.command_line import Cli
from validators.powershell.reference import open_reference

STAND_IN = f"""#!{sys.executable}
import base64, json, sys
assert sys.argv[1:5] == ["-NoProfile", "-NonInteractive", "-NoLogo", "-Command"] and "ParseInput" in sys.argv[5]
for line in sys.stdin:
    code = base64.b64decode(line).decode("utf-16-le", "surrogatepass")
    units = [len(part.encode("utf-16-le", "surrogatepass")) // 2 for part in (code.partition("broken")[0], code)]
    found = [["UnexpectedToken", *units, "It is broken."]] if "broken" in code else []
    found += [["TypeNotFound", 0, 1, "No such type."]] if "NoSuch" in code else []
    print(json.dumps(found), flush=True)
"""


@pytest.fixture
def stand_in(tmp_path: Path) -> str:
    path = tmp_path / "pwsh"
    path.write_text(STAND_IN)
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def snippets(tmp_path: Path) -> str:
    path = tmp_path / "snippets.jsonl"
    codes = ["Get-Date", "ls\n😀 broken", "(", "[NoSuch]1", "if ($a) { broken ("]
    path.write_text("".join(json.dumps({"code": code}) + "\n" for code in codes))
    return str(path)


def test_every_verdict_that_differs_is_printed_with_both_sides(cli: Cli, stand_in: str, snippets: str) -> None:
    lines = cli("check", "--language", "powershell", snippets, "--reference", stand_in).out.splitlines()
    [second, third] = [line for line in lines if " here, " in line]
    assert second == f"2: accepted here, rejected at line 2, column 3: UnexpectedToken: It is broken. by {stand_in}"
    assert third.startswith("3: rejected at line 1, column ") and third.endswith(f" here, accepted by {stand_in}")
    assert lines[-1] == f"{stand_in} gives the same verdict on 3 of 5"


def test_json_holds_what_the_reference_said(cli: Cli, stand_in: str, snippets: str) -> None:
    out = cli("check", "--language", "powershell", snippets, "--reference", stand_in, "--json").out
    said = [json.loads(line)["reference"] for line in out.splitlines()]
    assert [each["accepted"] for each in said] == [True, False, True, True, False]
    assert said[1]["errors"] == [["UnexpectedToken", 6, 12]]  # in UTF-16 code units: the emoji is two


def test_a_missing_executable_and_another_language_are_one_line(cli: Cli, stand_in: str, snippets: str) -> None:
    refused = cli.refused("check", "--language", "powershell", snippets, "--reference", "no-such-pwsh")
    assert "no-such-pwsh is not installed" in refused
    refused = cli.refused("check", "--language", "excel", snippets, "--reference", stand_in)
    assert "judges no excel" in refused


@pytest.mark.parametrize("answer", ["", "print('hello', flush=True)", "print('[[1]]', flush=True)"])
def test_an_executable_that_does_not_answer_as_powershell_is_one_line(tmp_path: Path, answer: str) -> None:
    path = tmp_path / "pwsh"
    path.write_text(f"#!{sys.executable}\nimport sys\nsys.stdin.readline()\n{answer}\n")
    path.chmod(0o755)
    with open_reference(str(path)) as reference, pytest.raises(RequestError, match="does not answer as PowerShell 7"):
        reference.errors("Get-Date")


def test_an_executable_that_ends_without_reading_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "pwsh"
    path.write_text("#!/bin/sh\nexit 3\n")
    path.chmod(0o755)
    for code in ("Get-Date", "#" * 1_000_000):
        with pytest.raises(RequestError, match="does not answer as PowerShell 7"), open_reference(str(path)) as asked:
            asked.errors(code)


def test_any_text_arrives_as_it_is(stand_in: str) -> None:
    with open_reference(stand_in) as reference:
        for code in ("", "a\r\nb", "\ud800 broken", "\0 broken", "é😀'\""):
            assert [error.id for error in reference.errors(code)] == ["UnexpectedToken"] * ("broken" in code)
