"""The PostgreSQL server goes away in the middle of a run and comes back: the run goes on by itself, and its
pay is booked once.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from postgres_server import Server
from scenes import MAIN, PAYROLL
from tests.postgres import server
from tests.stand import PATIENCE_SECONDS, Stand, installation, served, simulators, until, worker

pytestmark = pytest.mark.slow

LOST_LOCK = 70
LEDGER = MAIN.ledger
PLACES = {
    "while the payroll is read": (PAYROLL, "GET", "general-ledger"),
    "while an entry is sent": (LEDGER, "POST", "GeneralJournalEntries"),
}


@pytest.fixture(scope="module")
def database() -> Iterator[Server]:
    with server() as made:
        yield made


@pytest.fixture(scope="module")
def stand(database: Server) -> Iterator[Stand]:
    environment = {"ML_CONNECTOR_DATABASE_URL": database.address}
    with simulators(len(PLACES)) as sandbox, installation(sandbox, environment=environment) as made:
        yield made


@pytest.mark.parametrize("place", PLACES)
def test_a_run_goes_on_when_the_database_is_back(stand: Stand, database: Server, place: str) -> None:
    """The worker cannot know that its lock is still its own, so it ends at once and says so; nothing starts
    until the database is there, and that is said too. Whoever starts it then has nothing else to do.
    """
    slug, method, path = PLACES[place]
    pay_run = stand.runs[list(PLACES).index(place)]
    stand.fail(slug, "slow", method, path, seconds=3)
    with worker(stand) as process:
        (run,) = stand.post(pay_run, "--detach")["runs"]
        until(lambda: _struck(stand, slug), f"the call {place}")
        database.stop_hard()
        said = process.communicate(timeout=PATIENCE_SECONDS)[1]
    assert (LOST_LOCK, True) == (process.returncode, "the lock of executor local was lost" in said), said
    refused = stand.command("serve", "--once", "--json")
    assert 1 == refused.code
    assert refused.json["error"].startswith("The database cannot be used: ")

    database.start_again()
    with served(stand):
        until(lambda: stand.ask("runs", "show", run)["state"] == "done", "done")

    stand.assert_booked(pay_run)
    assert {"done"} == {row["state"] for row in stand.ask("runs", "list")["runs"]}


def _struck(stand: Stand, slug: str) -> bool:
    return bool(stand.sandbox.control(slug, "faults")["fired"])
