"""Organisations and their tokens on the command line: a token is shown once, and stored nowhere."""

from __future__ import annotations

import json

import pytest
from tests.stand import Installation


def of(product: Installation, organisation: str) -> Installation:
    """The installation, as commands about this organisation see it."""
    return Installation(product.home, {"ML_CONNECTOR_ORGANISATION": organisation})


@pytest.fixture(scope="module")
def acme(product: Installation) -> Installation:
    """A second organisation of the installation."""
    assert 0 == product.command("organisations", "add", "acme", "--json").code
    return of(product, "acme")


def test_an_organisation_is_added_once_and_has_an_audit_log_of_its_own(
    acme: Installation, product: Installation
) -> None:
    taken = acme.command("organisations", "add", "acme", "--json")
    listed = acme.command("organisations", "list", "--json").json["organisations"]

    assert (7, "There is an organisation acme already.") == (taken.code, taken.json["error"])
    assert [("acme", 0, 0, False)] == [
        (row["name"], row["connections"], row["tokens"], row["two_people"])
        for row in listed
        if row["name"] == "acme"
    ]
    assert "organisation.added" in acme.command("audit", "export").stdout
    assert "organisation.added" not in product.command("audit", "export").stdout


@pytest.mark.parametrize("name", ["Acme B.V.", "", "a" * 51, "../acme", "ACME"])
def test_what_is_no_name_of_an_organisation_is_refused(product: Installation, name: str) -> None:
    done = product.command("organisations", "add", name, "--json")

    assert (2, ["organisation.name"]) == (done.code, [one["code"] for one in done.json["problems"]])


def test_an_organisation_that_was_never_added_is_an_error(product: Installation) -> None:
    """Not made by a typing error in a variable, with no connection in it."""
    done = of(product, "acem").command("connections", "list", "--json")

    assert 2 == done.code
    assert (
        "There is no organisation 'acem'. Add it: ml-connector organisations add acem." in done.json["error"]
    )
    names = [row["name"] for row in product.command("organisations", "list", "--json").json["organisations"]]
    assert "acem" not in names


def test_a_token_is_shown_once_and_only_its_hash_is_kept(acme: Installation, product: Installation) -> None:
    """It is in no list, no file of the database and no audit log; that it was added and revoked is."""
    made = acme.command("tokens", "add", "travel", "--scope", "reports:write", "--json")
    listed = acme.command("tokens", "list", "--json")
    others = product.command("tokens", "list", "--json")
    revoked = [acme.command("tokens", "revoke", "travel", "--json") for _ in range(2)]
    after = acme.command("tokens", "list", "--json").json["tokens"]
    chain = acme.command("audit", "export").stdout

    text = made.json["token"]
    assert text.startswith("mlc_")
    assert 47 == len(text)
    assert [("travel", ["reports:write"], "good", None)] == [
        (row["name"], row["scopes"], row["state"], row["used_at"]) for row in listed.json["tokens"]
    ]
    assert [] == others.json["tokens"]
    assert ([0, 0], ["revoked"]) == ([done.code for done in revoked], [row["state"] for row in after])
    actions = [
        json.loads(row["text"])["action"] for row in map(json.loads, chain.splitlines()) if "text" in row
    ]
    assert ["token.added", "token.revoked"] == [name for name in actions if name.startswith("token.")]
    database = b"".join(path.read_bytes() for path in acme.home.glob("product.sqlite3*"))
    assert text not in listed.stdout + chain
    assert text.encode() not in database


def test_the_name_of_a_token_is_given_once(acme: Installation) -> None:
    """That of a revoked one too: what it did stays its own."""
    add = ["tokens", "add", "once", "--scope", "reports:read", "--json"]
    assert 0 == acme.command(*add).code
    assert 0 == acme.command("tokens", "revoke", "once", "--json").code
    again = acme.command(*add)

    assert (7, "There is, or was, a token once. Give the new one another name.") == (
        again.code,
        again.json["error"],
    )


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (
            ["x", "--scope", "reports:delete"],
            "token.scope",
            "'reports:delete' is no scope; known are: reports:",
        ),
        (["a b", "--scope", "reports:read"], "token.name", "'a b' is no name for a token"),
        (
            ["x", "--scope", "reports:read", "--until", "2020-01-01T00:00:00"],
            "token.until",
            "2020-01-01 00:00 is in the past.",
        ),
    ],
)
def test_a_token_that_cannot_be_made_is_said(
    product: Installation, arguments: list[str], code: str, text: str
) -> None:
    done = product.command("tokens", "add", *arguments, "--json")

    (problem,) = done.json["problems"]
    assert (2, code) == (done.code, problem["code"])
    assert problem["text"].startswith(text)


def test_a_token_that_is_not_there_is_not_revoked(product: Installation) -> None:
    done = product.command("tokens", "revoke", "nobody", "--json")

    assert (2, "There is no token 'nobody'. `ml-connector tokens list` shows them.") == (
        done.code,
        done.json["error"],
    )
