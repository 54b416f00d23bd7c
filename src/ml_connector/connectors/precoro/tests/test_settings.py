"""What a connection is made of, and what is wrong with it before anything is called."""

from __future__ import annotations

import pytest

from ml_connector.connectors.precoro import CONNECTOR
from ml_connector.connectors.precoro.settings import SETTINGS, read
from ml_connector.contract.memory import MemoryVault

GIVEN = {"email": "ap@acme.example"}
KEY = "k3y-0f-th3-us3r-7Qx"


def test_address_and_user_are_enough() -> None:
    """Everything else has the value that the vendor's manual gives."""
    assert [] == CONNECTOR.check_settings(GIVEN, False)
    options, _ = read(GIVEN, False)
    assert ("https://api.precoro.com", 1500, 3000, 200) == (
        options["base_url"],
        options.whole("calls_per_hour"),
        options.whole("calls_per_day"),
        options.whole("page_rows"),
    )


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("base_url", "https://api.precoro.example", "setting.host"),
        ("base_url", "https://app.precoro.com", "setting.host"),
        ("base_url", "https://api.precoro.com/v1", "setting.host"),
        ("email", "acme", "setting.email"),
        ("email", "", "setting.email"),
        ("email", "ap@acme.example\nX-Other: 1", "setting.header"),
        ("email", "bücher@acme.example", "setting.header"),
        ("fields", "41=account", "setting.fields"),
        ("fields", "item:41", "setting.fields"),
        ("fields", "item:41=Account Code", "setting.fields"),
        ("fields", "item:41=account, item:42=account", "setting.fields"),
        ("fields", "item:41=account, item:41=project", "setting.fields"),
        ("option_codes", "name", "setting.choice"),
        ("date_filters", "american", "setting.choice"),
        ("currency", "EURO", "setting.currency"),
        ("currency", "12=EUR, 12=SEK", "setting.currency"),
        ("currency", "12=EUR, SEK", "setting.currency"),
        ("time_zone", "Utrecht", "setting.zone"),
        ("time_zone", "../etc/passwd", "setting.zone"),
        ("logic_types", "credit", "setting.logic_types"),
        ("logic_types", ",", "setting.logic_types"),
        ("payment_canceled", "canceled", "setting.payment_canceled"),
        ("settle_seconds", "159", "setting.settle"),
        ("page_rows", "25", "setting.page_rows"),
        ("page_rows", "many", "setting.number"),
        ("overlap_seconds", "60", "setting.overlap"),
        ("file_bytes_max", "0", "setting.file_bytes"),
        ("read_deadline_seconds", "0", "setting.deadline"),
    ],
)
def test_what_cannot_be_used_is_named(name: str, value: str, code: str) -> None:
    """With the setting that it is about."""
    problems = CONNECTOR.check_settings({**GIVEN, name: value}, False)

    assert (code, name) in {(problem.code, problem.where) for problem in problems}


def test_a_sandbox_is_on_this_machine_only() -> None:
    """And a real host is not in a sandbox."""
    assert [] == CONNECTOR.check_settings({**GIVEN, "base_url": "http://127.0.0.1:9107"}, True)
    assert [] != CONNECTOR.check_settings(GIVEN, True)
    assert [] != CONNECTOR.check_settings({**GIVEN, "base_url": "http://127.0.0.1:9107"}, False)


def test_fields_and_currencies_are_read() -> None:
    """A field by its family and id; a currency for one legal entity, else for all."""
    options, problems = read(
        {**GIVEN, "fields": "item:41=account, document:41=project", "currency": "12=EUR, 15=SEK"}, False
    )

    assert [] == problems
    assert {("item", "41"): "account", ("document", "41"): "project"} == options.fields
    assert ("EUR", "SEK", "") == tuple(map(options.currency_of, ("12", "15", "16")))
    assert "NOK" == read({**GIVEN, "currency": "NOK"}, False)[0].currency_of("16")


def test_the_company_is_known_without_a_call() -> None:
    """By host and key, from which the key is not found. Another key is another company, unless one is
    named.
    """
    options, _ = read(GIVEN, False)
    names = [options.tenant(MemoryVault({"token": key})) for key in (KEY, KEY, KEY[::-1])]

    assert names[0] == names[1] != names[2]
    assert names[0].startswith("api.precoro.com-")
    assert KEY[:5] not in names[0]
    named, _ = read({**GIVEN, "tenant": "acme"}, False)
    assert "acme" == named.tenant(MemoryVault({"token": KEY}))


def test_every_setting_says_what_it_is() -> None:
    """The key says where an administrator finds it, and whose it should be."""
    helps = {setting.name: setting.help for setting in SETTINGS}

    assert all(helps.values())
    assert "Configuration > Integrations > API Key" in helps["token"]
    assert "missing without a word" in helps["email"]
