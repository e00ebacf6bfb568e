"""Mistakes with their repairs, which the repair prompts show; written for this project, of every kind of error.

The first three of a language are the fixed examples of the prompt without feedback.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Repair:
    """A snippet that the parser refuses, and what its author meant."""

    broken: str
    fixed: str


BANK: dict[str, tuple[Repair, ...]] = {
    "excel": (
        Repair('=IF(COUNTA(B3:B40)=0,"no entries",SUM(B3:B40)', '=IF(COUNTA(B3:B40)=0,"no entries",SUM(B3:B40))'),
        Repair("=ROUND(AVERAGE(D2;D25),1)", "=ROUND(AVERAGE(D2:D25),1)"),
        Repair('=IF(C7> =TODAY(),"due","")', '=IF(C7>=TODAY(),"due","")'),
        Repair("=MAX(E2:E30)-MIN(E2:E30))", "=MAX(E2:E30)-MIN(E2:E30)"),
        Repair('=CONCATENATE(A4,", ,B4)', '=CONCATENATE(A4,", ",B4)'),
        Repair("=SUM(F2:F9,)*/G1", "=SUM(F2:F9)/G1"),
        Repair("=VLOOKUP(H2,Unit Prices!$A$2:$C$60,2,FALSE)", "=VLOOKUP(H2,'Unit Prices'!$A$2:$C$60,2,FALSE)"),
        Repair("=MOD(A9)", "=MOD(A9,2)"),
        Repair("=COUNTIF(K2:K50,=5)", '=COUNTIF(K2:K50,"=5")'),
        Repair("=AND(L1>0,L1!=9)", "=AND(L1>0,L1<>9)"),
        Repair("=SUMPRODUCT(M2:M:8,N2:N8)", "=SUMPRODUCT(M2:M8,N2:N8)"),
    ),
    "powershell": (
        Repair(
            "foreach ($user in $users) {\n    if ($user.Enabled) { Write-Output $user.Name }",
            "foreach ($user in $users) {\n    if ($user.Enabled) { Write-Output $user.Name }\n}",
        ),
        Repair("if ($total != 100) { Stop-Service spooler }", "if ($total -ne 100) { Stop-Service spooler }"),
        Repair('Write-Host "Copied $count files to $target', 'Write-Host "Copied $count files to $target"'),
        Repair(
            "Get-Process | Where-Object { $_.CPU -gt 10 | Sort-Object CPU",
            "Get-Process | Where-Object { $_.CPU -gt 10 } | Sort-Object CPU",
        ),
        Repair("$sizes = @(1, 2, 4,)", "$sizes = @(1, 2, 4)"),
        Repair("if $ready { Start-Service -Name w32time }", "if ($ready) { Start-Service -Name w32time }"),
        Repair(
            "function Get-Age($born) { return (Get-Date) - $born) }",
            "function Get-Age($born) { return ((Get-Date) - $born) }",
        ),
        Repair("$names = Get-ChildItem | | Select-Object Name", "$names = Get-ChildItem | Select-Object Name"),
        Repair("try {\n    Remove-Item $path\n}", "try {\n    Remove-Item $path\n} catch { Write-Warning $_ }"),
        Repair("$map = @{ one = 1, two = 2 }", "$map = @{ one = 1; two = 2 }"),
    ),
    "python": (
        Repair("print(max(len(row) for row in rows)", "print(max(len(row) for row in rows))"),
        Repair(
            "def area(width, height)\n    return width * height",
            "def area(width, height):\n    return width * height",
        ),
        Repair(
            "for key in table:\n    value = table[key]\n      total += value",
            "for key in table:\n    value = table[key]\n    total += value",
        ),
        Repair("names = ['Ada', 'Grace', 'Edsger]", "names = ['Ada', 'Grace', 'Edsger']"),
        Repair("if count = 3:\n    count = 0", "if count == 3:\n    count = 0"),
        Repair("while queue:\nitem = queue.pop()", "while queue:\n    item = queue.pop()"),
        Repair("point = (x y)", "point = (x, y)"),
        Repair(
            "try:\n    load(path)\nexcpt OSError:\n    pass",
            "try:\n    load(path)\nexcept OSError:\n    pass",
        ),
        Repair(
            "def first(items):\n    for item in items:\n        return item\n  return None",
            "def first(items):\n    for item in items:\n        return item\n    return None",
        ),
        Repair("size = len(parts)] - 1", "size = len(parts) - 1"),
        Repair("print 'done'", "print('done')"),
        Repair("rate = 0777", "rate = 0o777"),
    ),
}  # fmt: skip
