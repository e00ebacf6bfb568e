"""Words that PowerShell itself gives, and texts for what a snippet's author would have named."""

from __future__ import annotations

from validators.structure import Bank

AUTOMATIC = frozenset(
    {
        *("_", "true", "false", "null", "this", "args", "input", "error", "matches", "psitem", "psscriptroot", "pwd"),
        *("psboundparameters", "pscmdlet", "myinvocation", "lastexitcode", "psversiontable", "host", "home", "?", "^"),
        *("$", "psculture", "profile", "executioncontext", "erroractionpreference", "verbosepreference"),
    }
)
"""Variables that PowerShell sets (about_Automatic_Variables, about_Preference_Variables), in lower case."""

ALWAYS = frozenset(
    {
        *("Mandatory", "Position", "ValueFromPipeline", "ValueFromPipelineByPropertyName", "ParameterSetName"),
        *("HelpMessage", "SupportsShouldProcess", "DefaultParameterSetName", "ConfirmImpact"),
        *("ValueFromRemainingArguments", "PositionalBinding", "Name", "Expression"),
    }
)
"""Bare words that are no author's own: arguments of attributes, keys of calculated properties."""

BANK: Bank = {
    "V": (
        *("name", "path", "file", "item", "user", "result", "data", "computer", "server", "i", "list", "value", "key"),
        *("output", "files", "users", "date", "log", "folder", "items", "config", "line", "content", "count", "obj"),
        *("message", "process", "group", "id", "url", "source", "target", "results", "session", "report", "params"),
    ),
    "member": (
        *("Count", "Value", "Length", "FullName", "Id", "Path", "Status", "Properties", "Items", "Title"),
        *("DisplayName", "Description", "Enabled", "Size", "Version", "State", "Message", "Owner", "Results", "Users"),
    ),
    "W": (
        *(r"C:\temp\file.txt", "*.txt", r"C:\Scripts", r".\data.csv", "*.log", r"C:\Windows\Temp", "Server-01"),
        *("*.ps1", r"D:\Backup", r"C:\logs\app.log", "contoso.com", "web-01", r".\config.json", "192.168.1.1"),
    ),
    "C": (
        *("Get-Report", "Set-Setting", "Update-Record", "Invoke-Task", "Get-Info", "New-Entry", "Remove-Entry"),
        *("Test-Server", "Start-Backup", "Get-UserList", "Copy-Data", "Send-Report", "Get-Config", "Install-Tool"),
        *("Add-Entry", "Export-Report", "Import-Records", "Find-File", "Show-Status", "Convert-Log", "Stop-Task"),
    ),
    "P": (
        *("-Source", "-Target", "-Server", "-Mode", "-Title", "-Owner", "-Size", "-Log", "-Level", "-Folder", "-Key"),
        *("-Region", "-Color", "-Timeout", "-Retry", "-Tag", "-Account", "-Report", "-Days", "-Limit", "-Suffix"),
    ),
    "T": (
        *("System.IO.FileInfo", "Net.WebClient", "System.Text.Encoding", "IO.Path", "System.Guid"),
        *("Text.StringBuilder", "System.Uri", "IO.StreamReader", "System.Random", "Net.Mail.MailMessage"),
        "Collections.ArrayList",
    ),
    "N": ("10", "5", "100", "3", "30", "60", "1000", "4", "20", "8", "1MB", "1GB", "15", "50", "365", "1024", "0.5"),
    "S": (
        *("Name", "Value", r"C:\temp\file.txt", "Error", "Server01", "Done", "*.txt", "Total", "User", "Yes", "No"),
        *("Enabled", r"C:\Scripts", "Path", "data.csv", "Running", "Status", ",", "Title", "output.log", "Test"),
        *("File not found", "Completed", "admin", "Production", "Sales", "contoso.com", "yyyy-MM-dd", "Domain Users"),
    ),
}
