"""A vendor that repeats every secret of ours in its refusals: none is found afterwards in anything that was
written or printed.

The secrets are those that are stored of a connection; what is searched is every file of the installation but
its keys, and all that the commands printed.
"""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
from cryptography.fernet import Fernet
from scenes import PAYROLL, Scene
from stage import SOURCE, TARGET
from tests.stand import Done, Stand, installation, simulators

from ml_connector_sandbox.systems.dynamics_fo.scene import SCENE as DYNAMICS_FO
from ml_connector_sandbox.systems.exact_online.scene import SCENE as EXACT_ONLINE
from ml_connector_sandbox.systems.visma_net.scene import SCENE as VISMA_NET

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Refusals:
    """How a ledger says no in its own words, and where."""

    scene: Scene
    status: int
    words: Callable[[str], Any]


def words(text: str) -> dict[str, Any]:
    """A refusal with the text in every field that a ledger's words may stand in."""
    return {"message": text, "Message": text, "title": text, "detail": text}


REFUSALS = [
    Refusals(EXACT_ONLINE, 500, lambda text: {"error": {"code": "", "message": {"lang": "", "value": text}}}),
    Refusals(
        DYNAMICS_FO,
        400,
        lambda text: {"error": {"code": "", "message": text, "innererror": {"message": text, "type": "X"}}},
    ),
    Refusals(VISMA_NET, 400, words),
]


@pytest.fixture(params=REFUSALS, ids=lambda refusals: refusals.scene.ledger, scope="module")
def refusals(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(scope="module")
def stand(refusals: Refusals) -> Iterator[Stand]:
    """A ledger and a payroll, both signed in to."""
    with simulators(1, scene=refusals.scene) as sandbox, installation(sandbox, scene=refusals.scene) as stand:
        for name in (SOURCE, TARGET):
            stand.ask("connections", "test", name)
        yield stand


ROWS = """SELECT {} FROM store_{} JOIN store_connection ON connection_id = store_connection.id
          WHERE store_connection.name = ?"""


def stored(stand: Stand, connection: str) -> list[str]:
    """Every secret and token that is stored of the connection, and the pair that Basic makes of them."""
    key = Fernet((stand.product.home / "keys").read_text().split()[0].encode())
    with closing(sqlite3.connect(stand.product.home / "product.sqlite3")) as database:
        kept = database.execute(ROWS.format("store_secret.name, ciphertext", "secret"), [connection])
        found = {name: _open(key, text) for name, text in kept}
        states = database.execute(ROWS.format("ciphertext", "token"), [connection]).fetchall()
        ((settings,),) = database.execute(
            "SELECT settings FROM store_connection WHERE name = ?", [connection]
        ).fetchall()
    user = found.pop("client_id", "") or json.loads(settings).get("username", "")
    tokens = [json.loads(_open(key, text)) for (text,) in states]
    pairs = [_base64(f"{user}:{found[name]}") for name in ("password", "client_secret") if name in found]
    return [
        value
        for value in (
            *found.values(),
            *(state[name] for state in tokens for name in ("access_token", "refresh_token")),
            *pairs,
        )
        if value
    ]


def _open(key: Fernet, ciphertext: str) -> str:
    return key.decrypt(ciphertext.encode()).decode().partition("\n")[2]


def repeated(values: list[str]) -> str:
    """The values as a vendor repeats them: plain, in an address, in base64."""
    forms = [form for value in values for form in (value, quote(value, safe=""), _base64(value))]
    return "refused: " + " ".join(dict.fromkeys(forms))


def _base64(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


def written(stand: Stand, done: list[Done]) -> bytes:
    """All that is in the installation's files, but for the keys, and all that was printed."""
    files = [path for path in stand.product.home.rglob("*") if path.is_file() and path.name != "keys"]
    printed = [text.encode() for one in done for text in (one.stdout, one.stderr)]
    return b"\n".join([*(path.read_bytes() for path in files), *printed])


def test_no_secret_is_found_after_refusals_that_repeat_them_all(stand: Stand, refusals: Refusals) -> None:
    """At the payroll, in the ledger's write and in its reads; shown as text and as JSON."""
    start = ["run", "payroll", "--from", SOURCE, "--to", TARGET, "--pay-run", stand.runs[0]]
    ledger, write = refusals.scene.ledger, refusals.scene.posting[0]["match"]
    done: list[Done] = []
    secrets: set[str] = set()
    shown: list[str] = []
    for slug, method, path, status in (
        (PAYROLL, "GET", "general-ledger", 400),
        (ledger, write["method"], write["path"], refusals.status),
        (ledger, "GET", ".", 403),
    ):
        connection, say = (SOURCE, words) if slug == PAYROLL else (TARGET, refusals.words)
        values = stored(stand, connection)
        secrets.update(values)
        refusal = {"status": status, "body": say(repeated(values))}
        stand.fail(slug, "status", method, path, **refusal)
        started = stand.command(*start, *refusals.scene.given, "--json")
        run = started.json["run"]
        stand.fail(slug, "status", "GET", path if method == "GET" else ".", **refusal)
        tested = [stand.command("connections", "test", connection, *more) for more in ((), ("--json",))]
        texts = stand.command("runs", "show", run)
        shown.append(texts.stdout + texts.stderr)
        done += [started, *tested, texts, stand.command("runs", "show", run, "--json")]
        done.append(stand.command("runs", "cancel", run))
    done += [stand.command("runs", "list"), stand.command("audit", "export")]

    found = written(stand, done)

    assert [] == [value for value in secrets for form in (value, _base64(value)) if form.encode() in found]
    assert (True, True) == ("•••" in shown[0], "•••" in shown[1]), shown
    assert len(secrets) >= 5
