"""Storing a connection: secrets out of sight, and every mistake said at once, without repeating a secret."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.stand import Done, Installation

SECRET = "t0p-s3cret-value"
UKG = {"base_url": "https://service5.ultipro.com", "username": "user", "currency": "USD"}
KEYS = {"password": SECRET, "customer_api_key": "G2ASY"}


def add(product: Installation, settings: dict[str, str], files: dict[str, Path], *more: str) -> Done:
    """Store a payroll connection with these settings, and secrets from these files."""
    given = [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]
    given += [part for name, path in files.items() for part in ("--secret-file", f"{name}={path}")]
    return product.command("connections", "add", "pay", "--connector", "ukg_pro", *given, *more, "--json")


def problems(done: Done) -> dict[str, str]:
    """What was wrong, by setting."""
    return {problem["where"]: problem["text"] for problem in done.json["problems"]}


@pytest.fixture
def files(folder: Path) -> dict[str, Path]:
    """Each secret in a file of its own, with the line feed that an editor leaves."""
    made = {}
    for name, value in KEYS.items():
        made[name] = folder / name
        made[name].write_text(f"{value}\n")
    return made


def test_a_secret_comes_from_a_file(product: Installation, files: dict[str, Path]) -> None:
    """Nothing of it is in the command."""
    assert {"ok": True, "connection": "pay"} == add(product, UKG, files).json


@pytest.mark.parametrize("more", [[], ["--sandbox"]], ids=["real", "sandbox"])
def test_a_secret_in_the_command_is_for_simulators_only(product: Installation, more: list[str]) -> None:
    """Every user of the machine reads it in the list of processes, and it stays in the shell's history."""
    settings = {**UKG, **KEYS, **({"base_url": "http://127.0.0.1:1"} if more else {})}

    done = product.command(
        *["connections", "add", "pay2" if more else "pay", "--connector", "ukg_pro", *more, "--json"],
        *[part for name, value in settings.items() for part in ("--set", f"{name}={value}")],
    )

    if more:
        assert 0 == done.code
        return
    assert 2 == done.code
    assert "password, customer_api_key: a secret given with --set can be read by" in done.json["error"]
    assert "--secret-file password=FILE" in done.json["error"]
    assert SECRET not in done.stdout + done.stderr


WRONG = [
    ({}, {"password": "line one\nline two"}, {"password": "Password holds a line break"}),
    ({}, {"password": "nul\x00byte"}, {"password": "Password holds a line break or another"}),
    ({}, {"password": "1204"}, {"password": "Password has fewer than 5 characters"}),
    ({}, {"customer_api_key": "G2\tASY"}, {"customer_api_key": "Customer API key holds a line break"}),
    ({}, {"customer_api_key": "G2ASÉ"}, {"customer_api_key": "not a plain letter, digit or sign"}),
    ({}, {"customer_api_key": "G2AS€"}, {"customer_api_key": "not a plain letter, digit or sign"}),
    ({"username": "us\ner"}, {}, {"username": "Web service user holds a line break"}),
    ({"username": "usér"}, {}, {"username": "not a plain letter, digit or sign"}),
    ({"username": "us:er"}, {}, {"username": "its name has no colon"}),
    ({"organization": "org\r\nX: 1"}, {}, {"organization": "Organization holds a line break"}),
    (
        {"base_url": "https://evil.example", "username": "a\nb"},
        {"password": "1"},
        {"base_url": "not a host of this vendor", "username": "line break", "password": "fewer than 5"},
    ),
]


@pytest.mark.parametrize(("settings", "secrets", "expected"), WRONG, ids=lambda value: str(value)[:40])
def test_what_no_header_can_hold_is_refused_when_it_is_entered(
    product: Installation,
    files: dict[str, Path],
    settings: dict[str, str],
    secrets: dict[str, str],
    expected: dict[str, str],
) -> None:
    """Not at the first call, and not by showing it."""
    for name, value in secrets.items():
        files[name].write_text(value)

    done = add(product, {**UKG, **settings}, files)

    found = problems(done)
    assert 2 == done.code
    assert {*expected} == {*found}
    assert [] == [name for name, words in expected.items() if words not in found[name]]
    for value in (*secrets.values(), *([settings["username"]] if "username" in settings else [])):
        assert len(value) < 5 or value not in done.stdout


@pytest.mark.parametrize("password", ["Wachtwoord für Ümläute €", "with blanks inside", "p:a:s:s", "12345"])
def test_a_password_may_hold_any_letter(product: Installation, files: dict[str, Path], password: str) -> None:
    """It is sent encoded; five characters are enough."""
    files["password"].write_text(password)

    assert 0 == add(product, UKG, files).code


@pytest.mark.parametrize(
    ("given", "option"),
    [
        (["connections", "add", "pay", "--connector", "ukg_pro", "--set"], "--set"),
        (["connections", "add", "pay", "--connector", "ukg_pro", "--secret-file"], "--secret-file"),
        (
            [
                *("flows", "set", "--from", "a", "--to", "b", "--mapping", "m", "--starts-on", "2026-01-01"),
                "--option",
            ],
            "--option",
        ),
    ],
)
def test_a_name_that_is_given_twice_is_refused(product: Installation, given: list[str], option: str) -> None:
    """The last one counted without a word."""
    done = product.command(*given, "currency=USD", option, " currency =EUR", "--json")

    assert (2, f"{option} names currency twice. Give each name once.") == (done.code, done.json["error"])


@pytest.mark.parametrize("name", ["", " ", "pay "])
def test_a_name_is_one_that_can_be_given_again(product: Installation, name: str) -> None:
    """Of a connection and of a mapping; one without a name was stored."""
    mapping = product.command("mappings", "import", name, __file__, "--json")
    connection = product.command("connections", "add", name, "--connector", "exact_online", "--json")

    assert (2, 2) == (mapping.code, connection.code)
    assert ["mapping.name"] == [problem["code"] for problem in mapping.json["problems"]]
    assert "connection.name" in {problem["code"] for problem in connection.json["problems"]}


@pytest.mark.parametrize("name", ["../x", "m 3", "-m", "a/b"])
def test_a_mapping_has_a_name_that_a_command_takes(product: Installation, name: str) -> None:
    """Without blanks, marks of a path or of an option."""
    done = product.command("mappings", "import", "--json", "--", name, __file__)

    assert 2 == done.code
    assert [f"{name!r} is not a valid name for a mapping."] == [
        problem["text"].partition(" Use")[0] for problem in done.json["problems"]
    ]


def test_a_secret_is_given_in_one_way(product: Installation, files: dict[str, Path]) -> None:
    """In a file, or for a simulator in the command."""
    done = add(product, {**UKG, "password": SECRET}, files, "--sandbox")

    assert 2 == done.code
    assert "password is given with --set and with --secret-file. Give it once." == done.json["error"]


def test_a_secret_file_that_is_no_text_is_said(product: Installation, files: dict[str, Path]) -> None:
    """An image, or a key in another form."""
    files["password"].write_bytes(b"\xff\xfe\x00")

    done = add(product, UKG, files)

    assert (2, f"{files['password']} is not text. Save the secret as text in UTF-8.") == (
        done.code,
        done.json["error"],
    )


def test_a_misspelt_setting_is_answered_with_the_right_one(
    product: Installation, files: dict[str, Path]
) -> None:
    """Each of them; where nothing is near, with all there are."""
    done = add(product, {**UKG, "usrname": "x", "curency": "USD", "zzz": "1"}, files)

    found = problems(done)
    assert "There is no setting 'usrname'. Did you mean 'username'?" == found["usrname"]
    assert "There is no setting 'curency'. Did you mean 'currency'?" == found["curency"]
    assert found["zzz"].startswith("There is no setting 'zzz'. Settings are base_url, username, ")


@pytest.mark.parametrize("host", ["http://127.0.0.1:45231", "http://localhost:45231", "https://[::1]"])
def test_a_simulator_without_its_mark_is_told(
    product: Installation, files: dict[str, Path], host: str
) -> None:
    """The address is of this machine: --sandbox was forgotten."""
    found: Any = problems(add(product, {**UKG, "base_url": host}, files))

    assert "Add --sandbox for a simulator." in found["base_url"]
