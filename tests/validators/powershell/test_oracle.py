"""The script that compares the parser with PowerShell's answers counts agreement and tells differences."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
VERDICTS = [
    {"kind": "corner", "code": "1 + 1", "accepted": True},
    {"kind": "corner", "code": "1 +", "accepted": False, "errors": [["ExpectedValueExpression", 3, 3, "incomplete"]]},
    {"kind": "corner", "code": "workflow f {}", "accepted": False, "machine": True, "errors": [["X", 0, 13]]},
    {"kind": "corner", "code": "foo )", "accepted": True},
]
SYNTAX = {
    "kind": "corner",
    "code": "foo",
    "tokens": [["Identifier", 0, 3, "CommandName"], ["EndOfInput", 4, 4]],
    "tree": {
        "node": "ScriptBlock",
        "at": [0, 3],
        "EndBlock": {
            "node": "NamedBlock",
            "at": [0, 3],
            "Statements": [
                {
                    "node": "Pipeline",
                    "at": [0, 3],
                    "PipelineElements": [
                        {
                            "node": "Command",
                            "at": [0, 3],
                            "CommandElements": [{"node": "StringConstantExpression", "at": [0, 3]}],
                        }
                    ],
                }
            ],
        },
    },
}


def compared(folder: Path, verdicts: list[dict[str, Any]], *options: str) -> subprocess.CompletedProcess[str]:
    for name, rows in (("verdicts", verdicts), ("syntax", [SYNTAX])):
        with gzip.open(folder / f"{name}.jsonl.gz", "wt", encoding="utf-8") as lines:
            lines.writelines(json.dumps(row) + "\n" for row in rows)
    command = [sys.executable, str(ROOT / "tests/oracle/powershell.py"), str(folder), *options]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)


def test_agreement_is_counted_and_differences_are_shown(tmp_path: Path) -> None:
    done = compared(tmp_path, VERDICTS, "--show", "1")
    assert done.returncode == 0, done.stderr
    first, *others, last = done.stdout.splitlines()
    assert last.startswith("structure  0 of 0 groups")
    assert "verdicts  75.000% of      4" in first and "place 100.00%, id 100.00% of 1" in first
    assert "wrongly refused: UnexpectedToken" in others[0]
    assert "tokens 100.000%, nodes 100.000%" in others[-1]


@pytest.mark.parametrize(("count", "allowed"), [(20, True), (21, False)])
def test_few_texts_that_spaces_alone_make_wrong_may_have_the_same_structure_tokens(
    count: int, allowed: bool, tmp_path: Path
) -> None:
    told = [("$a.b(1)", True), ("$a.b (1)", False), ("$a.c", True), ("$a. c", True), ("$a .d", False), ("$ a.d", False)]
    confused = [(f"'{i}{space}a'", space == "") for i in range(count) for space in ("", " ", "\t")]  # within a string
    rows = [{"kind": "corner", "code": code, "accepted": accepted, "errors": []} for code, accepted in told + confused]
    done = compared(tmp_path, rows, "--part", "spaces")
    assert done.stdout.splitlines()[0].startswith(f"structure  {count} of {count + 1} groups")
    assert (done.returncode == 0) is allowed
    assert allowed or done.stderr.strip() == "at most 20 are allowed"
