"""What every simulator reads in the same way: bodies of JSON, forms, bearer tokens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from ml_connector_sandbox.core.body import is_text, read_json
from ml_connector_sandbox.core.oauth import Bearers, client_credentials, read_form
from ml_connector_sandbox.core.vendor import Request

NOW = datetime(2026, 7, 14, tzinfo=UTC)


def test_numbers_of_a_body_are_exact():
    assert {"a": Decimal("0.10"), "b": 3} == read_json(b'{"a": 0.10, "b": 3}')


@pytest.mark.parametrize(
    "body", [b"", b"{", b"NaN", b"[Infinity]", b"\xff", b"1e" + b"9" * 30 + b"", b"[" * 100_000]
)
def test_a_body_that_cannot_be_kept_is_no_json(body):
    """Nor does it end in an error of another kind, which would be one of the simulator."""
    with pytest.raises(ValueError):
        read_json(body)


def test_half_a_character_is_no_text():
    assert is_text("\N{GRINNING FACE}")
    assert not is_text(read_json(b'"\\ud83d"'))


def _form(body: bytes, **headers: str) -> Request:
    return Request(method="POST", target="/token", headers=headers, body=body, base_url="http://x")


def test_an_app_names_itself_in_the_header_or_in_the_form():
    form = read_form(_form(b"client_id=a&client_secret=&client_id=b"))
    assert {"client_id": "a", "client_secret": ""} == form
    assert ("a", "") == client_credentials(_form(b""), form)
    assert ("u", "p") == client_credentials(_form(b"", authorization="Basic dTpw"), form)
    assert {} == read_form(_form(b"\xff=1"))


def test_a_token_grants_something_until_it_ends_or_is_revoked():
    tokens = Bearers[str]()
    tokens.issue("t", "read", NOW)
    tokens.issue("u", "write", NOW + timedelta(seconds=1))

    assert [None, "write", None, None] == [tokens.grant(token, NOW) for token in ("t", "u", "", None)]
    assert ["t", "u"] == list(tokens)
    assert (2, None, 0) == (tokens.revoke(), tokens.grant("u", NOW), tokens.revoke())
