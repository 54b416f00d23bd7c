"""The storage under test, in the words of the ports: the tables on the database of the environment."""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ml_connector.app.settings import Settings, start_django

DATABASE = os.environ["ML_CONNECTOR_TEST_DATABASE"]
HOME = Path(os.environ["ML_CONNECTOR_TEST_HOME"])

# Models can be imported only after Django is started, and test modules import them.
start_django(Settings(home=HOME, database_url=DATABASE))


class TableStorage:
    """Everything on the tables, in an organisation of its own."""

    def __init__(self, home: Path) -> None:
        from ml_connector.store.commits import StoredCommits
        from ml_connector.store.database import Locks
        from ml_connector.store.limits import StoredBudget, StoredSerialLocks
        from ml_connector.store.models import Organisation
        from ml_connector.store.runs import StoredArtifacts, StoredRuns
        from ml_connector.store.secrets import Keys
        from ml_connector.store.staging import StoredStaging

        self.home, self.locks = home, Locks(home / "locks")
        self.organisation = Organisation.objects.create(slug=f"org-{uuid.uuid4().hex[:8]}")
        self.connection = self.connect("ledger")
        self.commits, self.runs = StoredCommits(self.connection), StoredRuns(self.organisation)
        self.artifacts, self.staging = StoredArtifacts(), StoredStaging()
        self.budget, self.serial_locks = StoredBudget(), StoredSerialLocks(self.locks)
        self.keys = Keys(home / "keys")

    def vault(self) -> Any:
        from ml_connector.store.secrets import StoredVault

        return StoredVault(self.connect(f"vault-{uuid.uuid4().hex[:8]}"), self.keys)

    def tokens(self) -> Any:
        from ml_connector.store.secrets import StoredTokens

        return StoredTokens(self.connect(f"tokens-{uuid.uuid4().hex[:8]}"), self.keys, self.locks)

    def now(self) -> datetime:
        from ml_connector.store.database import database_now

        return database_now()

    def connect(self, name: str) -> Any:
        from ml_connector.store.models import Connection

        return Connection.objects.create(organisation=self.organisation, name=name, connector="reference")

    def other_connection(self) -> Any:
        """The commits behind another connection of the organisation."""
        from ml_connector.store.commits import StoredCommits

        return StoredCommits(self.connect(f"ledger-{uuid.uuid4().hex[:8]}"))

    def approve(self, run: str, fingerprint: str) -> None:
        from ml_connector.store.models import Approval

        Approval.objects.create(run_id=run, fingerprint=fingerprint, actor="anna", channel="web")


@pytest.fixture(scope="session", autouse=True)
def django() -> Iterator[None]:
    """Connections of the main thread are closed at the end."""
    yield
    from django.db import connections

    connections.close_all()


@pytest.fixture
def tables() -> TableStorage:
    return TableStorage(HOME)


@pytest.fixture
def storage(tables: TableStorage) -> Any:
    """The tables; a module whose claims the memory keeps too says so itself."""
    return tables


@pytest.fixture
def together() -> Callable[..., list[Any]]:
    """Do the same in several threads at the same moment; what each returned or raised."""

    def run(do: Callable[[int], Any], threads: int = 8) -> list[Any]:
        barrier = threading.Barrier(threads)

        def one(number: int) -> Any:
            barrier.wait()
            try:
                return do(number)
            except Exception as error:
                return error
            finally:
                from django.db import connections

                connections.close_all()

        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(one, range(threads)))

    return run
