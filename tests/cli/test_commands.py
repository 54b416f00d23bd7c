"""Every command that is documented exists, says what it does, and ends as documented when it is used
wrongly.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.stand import Installation

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "commands.md"
GROUPS = {
    "connections": ["add", "list", "ping", "test", "same-books", "authorize", "settings", "webhooks"],
    "flows": ["set", "show", "expect", "list", "options"],
    "mappings": ["import", "export", "suggest", "check"],
    "pairs": ["show", "set"],
    "run": [
        *("assignments", "dimensions", "accounts", "cost_centers", "cost_units", "payment_terms"),
        *("expense_reports", "journals", "payments", "payroll", "projects", "supplier_codes"),
        *("supplier_invoices", "suppliers", "taxes", "workers"),
    ],
    "runs": [
        "list",
        "show",
        "explain",
        "approve",
        "answer",
        "resume",
        "follow",
        "replay",
        "reverse",
        "cancel",
        "close",
        "mark-booked-elsewhere",
        "mark-deleted",
        "settle",
    ],
    "worklist": ["list", "done"],
    "headcount": ["show", "movements", "coming", "except"],
    "alerts": ["list", "test", "replay", "endpoints"],
    "people": ["add", "set-secret", "remove", "list", "policy"],
    "organisations": ["add", "list"],
    "intake": ["read"],
    "tokens": ["add", "list", "revoke"],
    "audit": ["verify", "export"],
    "keys": ["rotate"],
}
SINGLE = ["status", "pause", "unpause", "tie-out", "look", "backup", "restore", "serve", "recover", "sandbox"]
COMMANDS = [[group, command] for group, commands in GROUPS.items() for command in commands] + [
    [name] for name in SINGLE
]


def listed(text: str) -> list[str]:
    """Names of the commands in a help text."""
    return re.findall(r"^  ([a-z_-]+)\s", text.partition("Commands:")[2], re.MULTILINE)


def test_the_commands_are_these(product: Installation) -> None:
    """No command is missing from this list, so none goes untested."""
    assert {*GROUPS, *SINGLE} == set(listed(product.command("--help").stdout))
    for group, commands in GROUPS.items():
        assert commands == sorted(listed(product.command(group, "--help").stdout), key=commands.index)


@pytest.mark.parametrize("command", [command for command in COMMANDS if command != ["sandbox"]], ids=" ".join)
def test_help_says_what_a_command_does(product: Installation, command: list[str]) -> None:
    """A usage line, then a sentence; nothing is started or made for it."""
    done = product.command(*command, "--help")

    assert (0, "") == (done.code, done.stderr)
    assert done.stdout.startswith(f"Usage: ml-connector {' '.join(command)}")
    assert re.search(r"^  [A-Z].*[.:;]", done.stdout, re.MULTILINE)


def test_every_command_is_documented_and_every_documented_one_exists(product: Installation) -> None:
    """The reference page names them all; `connections add`, `list` stands for two commands."""
    rows = [line for line in REFERENCE.read_text().splitlines() if line.startswith("| `")]
    documented: list[list[str]] = []
    for row in rows:
        for text in re.findall(r"`([^`]+)`", row.split("|")[1]):
            words = [word for word in text.split() if re.fullmatch(r"[a-z][a-z_-]*", word)]
            group = (
                documented[-1][0]
                if documented and len(words) == 1 and words[0] in GROUPS.get(documented[-1][0], [])
                else None
            )
            documented.append([group, words[0]] if group else words[: 2 if words[0] in GROUPS else 1])

    assert sorted(COMMANDS) == sorted(documented)


WRONG = [
    (["nonsense"], "No such command 'nonsense'. See ml-connector --help."),
    (["runs", "nonsense"], "No such command 'nonsense'. See ml-connector runs --help."),
    (["runs", "show"], "Missing argument 'identity'. See ml-connector runs show --help."),
    (["connections", "add", "x"], "Missing option '--connector'. See ml-connector connections add --help."),
    (["run", "payroll", "--from", "a"], "Missing option '--to'. See ml-connector run payroll --help."),
    (
        ["connections", "list", "--sandbx"],
        "No such option: --sandbx. See ml-connector connections list --help.",
    ),
    (
        ["runs", "list", "--limit", "-1"],
        "Invalid value for '--limit': Input should be greater than or equal to 1. See ml-connector runs list"
        " --help.",
    ),
    (
        ["runs", "list", "--limit", "9223372036854775808"],
        "Invalid value for '--limit': Input should be less than or equal to 10000. See ml-connector runs list"
        " --help.",
    ),
    (["tie-out", "payroll-0"], "There is no run 'payroll-0'. `ml-connector runs list` shows them."),
    (["runs", "show", "payroll-0"], "There is no run 'payroll-0'. `ml-connector runs list` shows them."),
    (
        ["connections", "add", "x", "--connector", "exact_online", "--set", "division"],
        "'division' does not have the form name=value.",
    ),
    (
        [
            "connections",
            "add",
            "x",
            "--connector",
            "exact_online",
            "--secret-file",
            "client_id=/nowhere/secret",
        ],
        "/nowhere/secret: No such file or directory.",
    ),
    (["mappings", "import", "x", "/nowhere/rules.csv"], "There is no file /nowhere/rules.csv."),
    (["backup", "/nowhere/backup.tar.gz"], "/nowhere/backup.tar.gz: No such file or directory."),
    (["audit", "export", "/nowhere/audit.jsonl"], "/nowhere/audit.jsonl: No such file or directory."),
    (["pause", "conection:ledger"], "'conection:ledger' is not everything, connection:<name> or flow:<id>."),
    (["pause", "flow:7"], "There is no flow 7. `ml-connector flows list` shows them."),
    (
        ["resolve", "x"],
        "No such command 'resolve'. Did you mean 'restore', 'recover', 'people'? See ml-connector --help.",
    ),
]


@pytest.mark.parametrize(("arguments", "text"), WRONG, ids=[" ".join(arguments) for arguments, _ in WRONG])
def test_wrong_use_ends_with_2_and_one_line(product: Installation, arguments: list[str], text: str) -> None:
    """The line says what is wrong and where to read on; standard output stays empty."""
    done = product.command(*arguments)

    assert (2, "", text + "\n") == (done.code, done.stdout, done.stderr)


@pytest.mark.parametrize(("arguments", "text"), WRONG, ids=[" ".join(arguments) for arguments, _ in WRONG])
def test_wrong_use_is_one_object_for_a_script(product: Installation, arguments: list[str], text: str) -> None:
    """With `--json` the error is an object on standard output, and nothing is on standard error."""
    done = product.command(*arguments, "--json")

    assert (2, "") == (done.code, done.stderr)
    assert {"ok": False, "error": text, "problems": []} == done.json


def test_unknown_connections_and_settings_name_what_is_there(product: Installation) -> None:
    """A typing error is answered with the names that exist."""
    connector = product.command("connections", "add", "x", "--connector", "exact", "--json").json
    setting = product.command(
        "connections", "add", "x", "--connector", "exact_online", "--set", "divison=1", "--json"
    ).json
    option = product.command("connections", "test", "x", "--json")

    assert "There is no connector 'exact': " in connector["problems"][0]["text"]
    assert "There is no setting 'divison'. Did you mean 'division'?" == setting["problems"][0]["text"]
    assert (2, False) == (option.code, option.json["ok"])


@pytest.mark.parametrize("name", ["settle", "resolve"])
def test_two_answers_to_one_question_are_none(product: Installation, name: str) -> None:
    """What was written wrongly ends with 2, under the name of release 0.1.0, too."""
    done = product.command("runs", name, "key", "--booked", "1", "--not-booked", "--json")

    assert (2, "Give either --booked REFERENCE or --not-booked.") == (done.code, done.json["error"])


def test_a_file_that_is_no_backup_is_not_restored(product: Installation, folder: Path) -> None:
    """The database in place stays as it is."""
    file = folder / "backup.tar.gz"
    file.write_text("not a backup")

    done = product.command("restore", str(file), "--json")

    assert 1 == done.code
    assert done.json["error"].startswith("backup.tar.gz is not a backup of ml-connector")
    assert 0 == product.command("connections", "list", "--json").code
