"""A parser of somebody else's, the grammar for tree-sitter, agrees on plain code."""

from __future__ import annotations

import pytest
import tree_sitter
import tree_sitter_pwsh

from validators.powershell import LANGUAGE

GRAMMAR = tree_sitter.Language(tree_sitter_pwsh.language())


@pytest.mark.parametrize(
    "code",
    [
        "Get-ChildItem -Path $home -Recurse | Where-Object { $_.Length -gt 1MB } | Sort-Object Length",
        "$total = @{ Name = 'a'; Size = [int]::Parse('12') }\nif ($total.Size -ge 10) { return 1..9 }",
        'foreach ($item in @(1, 2, 3)) { "$item" -replace \'\\d\', "`n" } # done',
        "function Get-Thing { param([string]$Name)\n    try { & $Name @args } catch { throw }\n}",
        '$text = @"\nhello $name\n"@\n[regex]::Match($text, "h(.)") > $null',
        "for ($i = 0; $i -lt 3; $i++) { $sum += $list[$i] }",
        "switch ($x) {\n    1 { 'one' }\n    default { 'many' }\n}",
        "do { $n-- } while ($n -gt 0)",
        "class Point { [int]$X\n [int]$Y }",
        "$a, $b = $b, $a",
        'Write-Host "$($user.Name) has $count files" -ForegroundColor Green',
    ],
)
def test_both_parsers_take_plain_code_and_neither_takes_half_of_it(code: str) -> None:
    parser = tree_sitter.Parser(GRAMMAR)
    assert LANGUAGE.check(code).accepted
    assert not parser.parse(code.encode()).root_node.has_error
    broken = f"{code}\n}}"
    assert not LANGUAGE.check(broken).accepted
    assert parser.parse(broken.encode()).root_node.has_error
