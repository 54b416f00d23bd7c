"""Redaction: no secret survives in a text, and no amount or code is eaten in data."""

from __future__ import annotations

import html
import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.contract.memory import MemoryVault
from ml_connector.transport.redact import (
    ANYWHERE_MIN,
    HIDDEN,
    SECRET_MIN,
    UNLIKELY_MIN,
    WORDS_MAX,
    Secrets,
    is_unlikely,
    known,
    redact,
    shown,
)

SECRET = "s3cr/et+va=lue"


@pytest.mark.parametrize(
    "text",
    [
        f'{{"access_token": "{SECRET}", "expires_in": "600"}}',
        f'{{"Refresh_Token":"{SECRET}"}}',
        f"grant_type=refresh_token&refresh_token={SECRET}&x=1",
        f"https://host/auth?code={SECRET}&state=y",
        f"Authorization: Bearer {SECRET}",
        f"authorization: Basic {SECRET}",
        f'{{"bankAccount": "{SECRET}"}}',
        f'{{"dateOfBirth" : "{SECRET}"}}',
        f'{{"ssn": "{SECRET}", "nested": {{"iban": "{SECRET}"}}}}',
        f'{{"client_secret": "with \\"{SECRET}\\" inside"}}',
    ],
)
def test_no_secret_survives_in_its_usual_places(text: str) -> None:
    """Known by the name of its field, whatever its value."""
    assert SECRET not in redact(text)
    assert HIDDEN in redact(text)


FORMS: dict[str, Callable[[str], str]] = {
    "as it is": lambda value: value,
    "in an address": lambda value: quote(value, safe=""),
    "in a path": quote,
    "in a form": quote_plus,
    "in an address, small letters": lambda value: re.sub(
        "%..", lambda found: found[0].lower(), quote(value, safe="")
    ),
    "in JSON": lambda value: json.dumps(value)[1:-1],
    "in JSON with its own letters": lambda value: json.dumps(value, ensure_ascii=False)[1:-1],
    "in JSON with \\/": lambda value: json.dumps(value)[1:-1].replace("/", "\\/"),
    "in JSON with \\u002B": lambda value: re.sub(
        "[&'+<>`]", lambda found: f"\\u{ord(found[0]):04X}", json.dumps(value)[1:-1]
    ),
    "in JSON with large digits": lambda value: re.sub(
        r"\\u....", lambda found: "\\u" + found[0][2:].upper(), json.dumps(value)[1:-1]
    ),
    "in an address, as a browser does": lambda value: quote(value, safe="!'()*"),
    "in an address, ~ as well": lambda value: quote(value, safe="").replace("~", "%7E"),
    "in HTML": html.escape,
    "in HTML with &#39;": lambda value: html.escape(value).replace("&#x27;", "&#39;"),
    "in base64": lambda value: b64encode(value.encode()).decode(),
    "in base64 of addresses": lambda value: urlsafe_b64encode(value.encode()).decode().rstrip("="),
}
LETTERS = st.characters(codec="utf-8", exclude_characters="•")
SECRETS, TEXT = st.text(LETTERS, min_size=ANYWHERE_MIN, max_size=40), st.text(LETTERS, max_size=10)
ORDINARY = ["12040", "1204000", "payroll", "administration", "Amsterdam2026", "G2ASY", "cost-center-1"]
GENERATED = [SECRET, "Xy7aBcDeFgHi", "0f8fad5b-d9cb-469f-a165-70867728950e", "a&b+c/d<e>f\"g'"]


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@given(SECRETS, TEXT, TEXT)
def test_a_known_secret_survives_in_no_form(
    form: Callable[[str], str], secret: str, before: str, after: str
) -> None:
    """Wherever it is in a text for people, whatever is around it."""
    said = form(secret)

    assert said not in Secrets([secret]).hide(f"{before}{said}{after}")


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("secret", GENERATED)
def test_a_secret_that_nothing_equals_by_chance_is_hidden_in_data(
    form: Callable[[str], str], secret: str
) -> None:
    """Tokens, generated secrets and keys: also inside an answer of success."""
    body = f'[{{"text": "x{form(secret)}y", "amount": 1204.50}}]'.encode()

    hidden = Secrets([secret]).hide_data(body)

    assert form(secret).encode() not in hidden
    assert b'"amount": 1204.50' in hidden


@pytest.mark.parametrize("secret", ORDINARY)
def test_a_secret_that_is_ordinary_text_stays_in_data(secret: str) -> None:
    """A password that equals an amount, a code or a name eats none of them."""
    body = f'[{{"code": "{secret}", "amount": 12040.00, "text": "{secret} of May"}}]'.encode()

    assert body == Secrets([secret]).hide_data(body)


@pytest.mark.parametrize("secret", ORDINARY)
def test_a_secret_that_is_ordinary_text_is_hidden_in_a_refusal(secret: str) -> None:
    """There it is read by people, and nothing is decoded from it."""
    assert f"The key {HIDDEN}, not valid." == Secrets([secret]).hide(f"The key {secret}, not valid.")


@pytest.mark.parametrize("text", ["112040", "120401", "12040.50", "-1.12040", "1,12040", "x12040", "12040x"])
def test_a_short_secret_is_a_word_of_its_own(text: str) -> None:
    """Five to seven characters: not a part of another code, nor of an amount."""
    assert f"Amount {text}." == Secrets(["12040"]).hide(f"Amount {text}.")
    assert (5, 8) == (SECRET_MIN, ANYWHERE_MIN)


def test_a_secret_too_short_is_hidden_nowhere() -> None:
    """It would hide half of a text; a connection does not take one."""
    assert "1204 of 1204" == Secrets(["1204"]).hide("1204 of 1204")
    assert "x" == Secrets(["", "a"]).hide("x")


@pytest.mark.parametrize(
    ("value", "unlikely"),
    [
        ("Xy7aBcDeFgHi", True),
        ("Xy7aBcDeFgH", False),
        ("AbCdEfGhIjKl", True),
        ("a1b2c3d4e5f6", True),
        ("administration", False),
        ("ADMINISTRATION", False),
        ("Welcome_2026", False),
        ("Welcome2026!", True),
        ("cost center 1204", False),
        ("202601172026", False),
        ("a" * 23, False),
        ("a" * 24, True),
    ],
)
def test_what_nothing_equals_by_chance(value: str, unlikely: bool) -> None:
    """From 12 characters on unless made of words and numbers; from 24 on always."""
    assert unlikely is is_unlikely(value)
    assert (12, 24) == (UNLIKELY_MIN, WORDS_MAX)


def test_the_longer_secret_is_hidden_whole() -> None:
    """One that begins with another leaves no rest."""
    assert HIDDEN == Secrets(["Xy7aBcDeFgHi", "Xy7aBcDeFgHi-and-more"]).hide("Xy7aBcDeFgHi-and-more")


def test_what_no_text_can_hold_does_no_harm() -> None:
    """Half of a character pair, as a wrongly encoded argument leaves it, in the secret or in the text."""
    assert "\udcff" == Secrets(["\udcff" * 20, "Xy7aBcDeFgHi"]).hide("\udcff")


def test_what_is_known_of_a_connection() -> None:
    """Everything stored but the client's id, which support needs; and what is given."""
    vault = MemoryVault({"client_id": "the-id-of-the-app", "webhook_secret": "Wh7aBcDeFgHi"})

    said = known(vault, ["Tk7aBcDeFgHi"]).hide("the-id-of-the-app Wh7aBcDeFgHi Tk7aBcDeFgHi")

    assert f"the-id-of-the-app {HIDDEN} {HIDDEN}" == said


def test_an_error_that_repeats_a_secret_is_no_cause_to_log() -> None:
    """Any other stays the cause."""
    secrets, harmless = Secrets(["Xy7aBcDeFgHi"]), ValueError("reset")

    assert None is shown(ValueError("header b'Xy7aBcDeFgHi'"), secrets)
    assert harmless is shown(harmless, secrets)


def test_what_is_no_secret_stays() -> None:
    """A record without content would help nobody."""
    text = '{"AccountCode": "4000", "amount": 12.50, "expires_in": "600", "Description": "code of conduct"}'
    assert text == redact(text)


def test_long_texts_are_cut_and_say_so() -> None:
    """At 200,000 characters."""
    assert redact("x" * 300_000).endswith("x… (300000 characters)")
