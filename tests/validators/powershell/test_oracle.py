"""The script that compares the parser with PowerShell's answers counts agreement and tells differences."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

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


def test_agreement_is_counted_and_differences_are_shown(tmp_path: Path) -> None:
    for name, rows in (("verdicts", VERDICTS), ("syntax", [SYNTAX])):
        with gzip.open(tmp_path / f"{name}.jsonl.gz", "wt", encoding="utf-8") as lines:
            lines.writelines(json.dumps(row) + "\n" for row in rows)
    command = [sys.executable, str(ROOT / "tests/oracle/powershell.py"), str(tmp_path), "--show", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    first, *others = done.stdout.splitlines()
    assert "verdicts  75.000% of      4" in first and "place 100.00%, id 100.00% of 1" in first
    assert "wrongly refused: UnexpectedToken" in others[0]
    assert "tokens 100.000%, nodes 100.000%" in others[-1]
