"""Named people on the command line: their secrets come from a file or a terminal, and are shown nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.stand import Installation

SECRETS = {"ada": "a long secret of ada", "bob": "a long secret of bob"}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A file with the secret of each."""
    folder = tmp_path_factory.mktemp("secrets")
    for name, secret in SECRETS.items():
        (folder / name).write_text(f"{secret}\n")
    return {name: str(folder / name) for name in SECRETS}


def test_people_are_added_and_two_are_wanted(product: Installation, files: dict[str, str]) -> None:
    """Not while there is one; and only a named person ends it. No secret is in anything that is written."""
    said = [product.command("people", "add", "ada", "--secret-file", files["ada"], "--json")]
    early = product.command("people", "policy", "--two-people", "yes", "--json")
    said.append(product.command("people", "add", "bob", "--secret-file", files["bob"], "--json"))
    said.append(product.command("people", "policy", "--two-people", "yes", "--json"))
    unnamed = product.command("people", "policy", "--two-people", "no", "--json")
    wrong = product.command(
        *("people", "policy", "--two-people", "no", "--as", "ada", "--secret-file", files["bob"], "--json")
    )
    listed = product.command("people", "list", "--json")

    assert [0, 0, 0] == [done.code for done in said], said
    assert (7, 7, 7) == (early.code, unnamed.code, wrong.code)
    assert "only when there are two; known are: ada" in early.json["error"]
    assert "ada is not known here, or the secret is wrong." == wrong.json["error"]
    assert {"ok": True, "people": ["ada", "bob"], "two_people": True} == listed.json
    chain = product.command("audit", "export").stdout
    assert all(action in chain for action in ("person.added", "people.policy", "person.refused"))
    database = b"".join(path.read_bytes() for path in product.home.glob("product.sqlite3*"))
    for secret in SECRETS.values():
        assert secret not in chain + "".join(done.stdout + done.stderr for done in said)
        assert secret.encode() not in database
    ended = ["people", "policy", "--two-people", "no", "--as", "ada", "--secret-file", files["ada"], "--json"]
    alone = product.command(*ended)
    done = product.command(*ended, "--second", "bob", "--second-secret-file", files["bob"])
    assert (7, 0, False) == (alone.code, done.code, done.json["two_people"])


def test_a_secret_is_changed_and_somebody_is_removed(
    product: Installation, files: dict[str, str], folder: Path
) -> None:
    """With the old secret, or that of another; no secret is in anything that is written."""
    new = folder / "new"
    new.write_text("another long secret\n")
    for name in ("eve", "fay"):
        assert 0 == product.command("people", "add", name, "--secret-file", files["ada"], "--json").code
    change = ["people", "set-secret", "eve", "--secret-file", str(new), "--json"]

    own = product.command(*change, "--as-secret-file", files["ada"])
    again = product.command(*change, "--as-secret-file", files["ada"])
    by_another = product.command(*change, "--as", "fay", "--as-secret-file", files["ada"])
    removed = product.command("people", "remove", "eve", "--json")

    assert [0, 7, 0, 0] == [done.code for done in (own, again, by_another, removed)]
    assert "eve" not in product.command("people", "list", "--json").json["people"]
    chain = product.command("audit", "export").stdout
    assert all(action in chain for action in ("person.secret_set", "person.removed"))
    assert "another long secret" not in chain


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["people", "add", "eve"], "Secret of eve: it cannot be asked for here. Give it with --secret-file."),
        (["people", "policy", "--two-people", "maybe"], "Give --two-people yes or --two-people no."),
        (
            ["people", "set-secret", "eve"],
            "Old secret of eve: it cannot be asked for here. Give it with --as-secret-file.",
        ),
        (
            ["people", "policy", "--two-people", "no", "--second", "eve"],
            "Secret of eve: it cannot be asked for here. Give it with --second-secret-file.",
        ),
        (
            ["people", "remove", "eve", "--second-secret-file", "/nowhere"],
            "A secret file belongs to a person: give --second NAME.",
        ),
        (
            ["runs", "settle", "key", "--not-booked", "--as", "eve"],
            "Secret of eve: it cannot be asked for here. Give it with --secret-file.",
        ),
        (
            ["runs", "approve", "run", "--fingerprint", "x", "--secret-file", "/nowhere"],
            "A secret file belongs to a person: give --as NAME.",
        ),
    ],
)
def test_a_command_that_cannot_ask_says_so(product: Installation, arguments: list[str], text: str) -> None:
    """In a script nobody types."""
    done = product.command(*arguments, "--json")

    assert (2, text) == (done.code, done.json["error"])
