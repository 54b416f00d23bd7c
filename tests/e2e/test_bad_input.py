"""What a person gives is wrong: settings, mappings, registers, files. Nothing is stored, nothing is posted,
and the text says what to write instead.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from scenes import PAYROLL
from stage import LEDGER, TARGET
from tests.stand import TOOLS, Stand, given, installation, served, simulators

EXACT = {
    "division": "1204",
    "redirect_uri": "https://app.example/back",
    "client_id": "id",
    "client_secret": "secret",
}
UKG = {"username": "user", "password": "password", "customer_api_key": "ABCDE", "currency": "USD"}
HEAD = (
    "worker,department_code,department_name,division,assignment_category,annual_salary_usd,"
    "gross_paid_usd,overtime_paid_usd,hired_month"
)
WORKER = "W1,SALES,Sales,Trade,Fulltime-Regular,52000.00,52000.00,0.00,2015-01"
RULES = "rule,source_account,valid_from,valid_until,replaces,account"


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    """An installation that posts clean proposals by itself."""
    with simulators(6) as sandbox, installation(sandbox) as stand, served(stand):
        yield stand


def add(stand: Stand, connector: str, *flags: str, **values: str) -> tuple[int, Any]:
    """Try to store a connection; exit code and answer."""
    start = ("connections", "add", "new", "--connector", connector)
    with given(values) as options:
        done = stand.command(*start, *flags, *options, "--json")
    assert (
        "new" not in [line["name"] for line in stand.ask("connections", "list")["connections"]]
        or done.code == 0
    )
    return done.code, done.json


@pytest.mark.parametrize(
    ("connector", "values", "base_url", "flags", "text"),
    [
        (
            LEDGER,
            EXACT,
            "https://start.exactonline.nl.evil.example",
            (),
            "'start.exactonline.nl.evil.example' is not a host of this vendor",
        ),
        (
            LEDGER,
            EXACT,
            "https://evil.example/start.exactonline.nl",
            (),
            "'evil.example' is not a host of this vendor",
        ),
        (
            LEDGER,
            EXACT,
            "http://start.exactonline.nl",
            (),
            "'http://start.exactonline.nl' is not an https address.",
        ),
        (LEDGER, EXACT, "http://127.0.0.1:9101", (), "'http://127.0.0.1:9101' is on this machine"),
        (
            LEDGER,
            EXACT,
            "https://start.exactonline.nl",
            ("--sandbox",),
            "A sandbox connection speaks to this machine only, not to 'start.exactonline.nl'.",
        ),
        (
            PAYROLL,
            UKG,
            "https://ultipro.com.evil.example",
            (),
            "'ultipro.com.evil.example' is not a host of this vendor",
        ),
        (PAYROLL, UKG, "https://127.0.0.1", (), "'https://127.0.0.1' is on this machine"),
    ],
)
def test_a_host_that_is_not_the_vendors_is_refused(
    stand: Stand, connector: str, values: dict[str, str], base_url: str, flags: tuple[str, ...], text: str
) -> None:
    """Secrets are sent to the vendor and nowhere else; this machine counts only for a sandbox connection."""
    code, answer = add(stand, connector, *flags, base_url=base_url, **values)

    assert (2, "base_url") == (code, answer["problems"][0]["where"])
    assert answer["problems"][0]["text"].startswith(text)


def test_an_unknown_currency_is_refused(stand: Stand) -> None:
    """A currency that ISO does not list has no cents to count in."""
    code, answer = add(
        stand, PAYROLL, base_url="https://service5.ultipro.com", **{**UKG, "currency": "HTC01=XXQ"}
    )

    assert (2, "currency") == (code, answer["problems"][0]["where"])
    assert "unknown currency 'XXQ'; expected an ISO 4217 code such as EUR." == answer["problems"][0]["text"]


def test_every_problem_of_the_settings_is_named_at_once(stand: Stand) -> None:
    """Nobody mends one setting a time."""
    code, answer = add(
        stand, LEDGER, base_url="https://evil.example", division="Main", redirect_uri="http://localhost"
    )

    assert 2 == code
    assert {"base_url", "division", "redirect_uri", "client_id", "client_secret"} == {
        p["where"] for p in answer["problems"]
    }


@pytest.mark.parametrize(
    ("rows", "code", "words"),
    [
        (
            ["a,51*,2026-01-01,,b,4000", "b,51*,2026-02-01,,a,4000"],
            "mapping.cycle",
            "Clear `replaces` on the oldest of them.",
        ),
        (
            ["a,51*,2026-01-01,,a,4000"],
            "mapping.cycle",
            "Following `replaces` from rule 'a' comes back to it",
        ),
        (
            ["a,51*,2026-02-01,2026-01-01,,4000"],
            "mapping.dates",
            "ends on 2026-01-01, before it begins on 2026-02-01",
        ),
        (["a,51*,2026-01-01,,zz,4000"], "mapping.replaces_unknown", "replaces 'zz', which does not exist"),
        (
            ["a,51*,01/02/2026,,,4000"],
            "table.date",
            "valid_from is '01/02/2026' in line 2, expected a date such as 2026-01-01.",
        ),
    ],
    ids=[
        "a cycle of two",
        "its own heir",
        "ends before it begins",
        "replaces nothing",
        "a date of another kind",
    ],
)
def test_a_mapping_whose_dates_make_no_sense_is_not_stored(
    stand: Stand, tmp_path: Path, rows: list[str], code: str, words: str
) -> None:
    """A cycle of effective dates would leave no rule in force; every problem names its rule or line."""
    table = tmp_path / "rules.csv"
    table.write_text("\n".join([RULES, *rows]) + "\n")

    answer = stand.ask("mappings", "import", "other", str(table), code=2)

    assert code in [problem["code"] for problem in answer["problems"]]
    assert any(words in problem["text"] for problem in answer["problems"])
    assert "no mapping" in stand.ask("mappings", "export", "other", code=2)["error"]


def test_a_mapping_whose_letters_are_not_certain_is_not_stored(stand: Stand, tmp_path: Path) -> None:
    """Neither UTF-8 nor Windows-1252: the line is named, and what to do."""
    table = tmp_path / "rules.csv"
    table.write_bytes(f"{RULES}\n".encode() + "Lohn für März,51*,,,,4000\n".encode("cp850"))

    answer = stand.ask("mappings", "import", "other", str(table), code=2)

    assert (
        "Line 2 is not valid UTF-8 or Windows-1252. Save it as CSV UTF-8 and import it again."
        == answer["problems"][0]["text"]
    )


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (HEAD.replace("gross_paid_usd,", "").encode() + b"\n" + WORKER.encode() + b"\n", "gross_paid_usd"),
        (HEAD.encode() + b"\n" + WORKER.replace("Sales", "S\xe4les").encode("cp850") + b"\n", "UTF-8"),
        (HEAD.encode() + b"\n" + WORKER.replace("52000.00,0.00", "NaN,0.00").encode() + b"\n", "NaN"),
        (HEAD.encode() + b"\n" + WORKER.replace("52000.00,0.00", "1e400,0.00").encode() + b"\n", "1e400"),
        (b"", "empty"),
        (None, "No such file"),
    ],
    ids=["a column missing", "not UTF-8", "NaN", "1e400", "nothing in it", "no file"],
)
def test_a_register_that_cannot_be_read_ends_the_demo(tmp_path: Path, data: bytes | None, words: str) -> None:
    """The demo says what is wrong with the register, ends with an error, and its last line is still one JSON
    object.
    """
    register = tmp_path / "register.csv"
    if data is not None:
        register.write_bytes(data)

    ended = subprocess.run(
        [sys.executable, str(TOOLS / "demo.py"), "--register", str(register)],
        capture_output=True,
        text=True,
        check=False,
    )

    last = json.loads(ended.stdout.splitlines()[-1])
    assert (1, False) == (ended.returncode, last["ok"])
    assert words in last["error"]
    assert "Traceback" not in ended.stdout + ended.stderr


@pytest.mark.parametrize(
    ("amount", "why"),
    [("NaN", "NaN"), ("1e400", "1e400"), ("1234567890123456789.00", "1234567890123456789.00")],
)
def test_an_amount_in_a_flat_file_that_is_none_is_named(
    stand: Stand, tmp_path: Path, amount: str, why: str
) -> None:
    """The file is read like any source: its line and its value are in the error, and nothing is posted."""
    text = stand.at_payroll("gl_file", run_id=stand.runs[0], layout="L1")["text"]
    file = tmp_path / "ledger.txt"
    lines = text.splitlines(keepends=True)
    parts = lines[1].split(",")
    lines[1] = ",".join([*parts[:-2], amount, parts[-1]])
    file.write_text("".join(lines))
    settings = {**UKG, "base_url": stand.sandbox.systems[PAYROLL]["base_url"], "currency": "HTC01=USD"}
    settings |= {"source": "flat_file", "file_path": str(file), "file_layout": "L1"}
    given = [f"--set={name}={value}" for name, value in settings.items()]
    stand.ask("connections", "add", "file", "--connector", PAYROLL, "--sandbox", *given)
    flow = [
        "--mapping",
        "payroll",
        "--starts-on",
        "2015-01-01",
        "--mode",
        "automatic",
        "--option=journal=95",
        "--option=entities=HTC01=1204",
    ]
    stand.ask("flows", "set", "--from", "file", "--to", TARGET, *flow)

    held = stand.ask("run", "payroll", "--from", "file", "--to", TARGET, code=3)

    stand.assert_booked()
    assert why in held["problems"][0]["text"]
    assert "2" in held["problems"][0]["where"]
    stand.ask("runs", "cancel", held["run"])
