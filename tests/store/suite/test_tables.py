"""What only a database has to promise: secrets, tokens, limits, locks and the audit chain, across threads."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ml_connector.ports.storage import Exchange, TokenState
from ml_connector.runs.audit import verify
from ml_connector.store.audit import StoredAudit
from ml_connector.store.database import database_now, refuse_unsafe
from ml_connector.store.limits import StoredExchanges, next_reset
from ml_connector.store.models import AuditEntry, ExchangeRow, Secret, Token
from ml_connector.store.secrets import Keys, StoredTokens, StoredVault, VaultError, rotate


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    made = Keys(tmp_path / "keys")
    made.create()
    return made


# --- secrets ------------------------------------------------------------------------------------------------


def test_a_secret_is_kept_encrypted(storage: Any, keys: Keys) -> None:
    """Read back as written, and nowhere in the table in clear."""
    vault = StoredVault(storage.connection, keys)
    vault.write("client_secret", "first")
    vault.write("client_secret", "päss\nword")

    assert "päss\nword" == vault.read("client_secret")
    assert "ss" not in [row.ciphertext[:5] for row in Secret.objects.filter(connection=storage.connection)]
    assert all("word" not in row.ciphertext for row in Secret.objects.all())
    with pytest.raises(KeyError):
        vault.read("other")


def test_a_secret_moved_to_another_connection_is_refused(storage: Any, keys: Keys) -> None:
    """Somebody with access to the table pastes one connection's secret into another's row."""
    other = storage.connect("other")
    StoredVault(storage.connection, keys).write("client_secret", "ours")
    StoredVault(other, keys).write("client_secret", "theirs")
    stolen = Secret.objects.get(connection=storage.connection).ciphertext
    Secret.objects.filter(connection=other).update(ciphertext=stolen)

    with pytest.raises(VaultError, match="Somebody moved it; enter it again"):
        StoredVault(other, keys).read("client_secret")


def test_keys_are_rotated_and_everything_stays_readable(storage: Any, keys: Keys, tmp_path: Path) -> None:
    """Re-encrypted with the newest key: the old one alone opens nothing any more."""
    from django.db import connections

    Secret.objects.all().delete()
    Token.objects.all().delete()
    StoredVault(storage.connection, keys).write("client_secret", "s3cret")
    StoredTokens(storage.connection, keys, storage.locks).write(TokenState(access_token="token"))
    old = Keys(tmp_path / "old")
    (tmp_path / "old").write_text((tmp_path / "keys").read_text())

    keys.add()
    assert "s3cret" == StoredVault(storage.connection, keys).read("client_secret")
    assert 2 == rotate(keys)
    keys.drop_old()

    assert "s3cret" == StoredVault(storage.connection, keys).read("client_secret")
    assert "token" == StoredTokens(storage.connection, keys, storage.locks).read().access_token
    with pytest.raises(VaultError, match="a key that is not in the key file"):
        StoredVault(storage.connection, old).read("client_secret")
    assert 0o600 == (tmp_path / "keys").stat().st_mode & 0o777
    connections.close_all()


def test_nothing_starts_without_a_key(storage: Any, tmp_path: Path) -> None:
    """A database without its key file is said, not silently given a new key."""
    with pytest.raises(VaultError, match="Put back the key file"):
        StoredVault(storage.connection, Keys(tmp_path / "nowhere"))


def test_every_sign_in_of_a_connection_is_listed(storage: Any, keys: Keys) -> None:
    """Its own and those of the tenants behind it, by name; none of another connection."""
    tokens = StoredTokens(storage.connect("several"), keys, storage.locks)
    StoredTokens(storage.connect("elsewhere"), keys, storage.locks).write(TokenState(access_token="x"))
    assert () == tokens.every()
    for name in ("b", "", "a"):
        tokens.of(name).write(TokenState(access_token=f"of {name}"))

    assert ["of ", "of a", "of b"] == [state.access_token for state in tokens.of("a").every()]


def test_a_token_moved_to_another_tenant_is_refused(storage: Any, keys: Keys) -> None:
    """Pasted beside itself, or into the connection's own row, it would lead calls into the wrong company."""
    tokens = StoredTokens(storage.connect("moved"), keys, storage.locks)
    for name in ("", "a", "b"):
        tokens.of(name).write(TokenState(access_token=f"of {name}"))
    rows = Token.objects.filter(connection__name="moved")
    for name, other in (("a", "b"), ("a", ""), ("", "a")):
        stolen, kept = (rows.get(name=one).ciphertext for one in (name, other))
        rows.filter(name=other).update(ciphertext=stolen)

        with pytest.raises(VaultError, match="Somebody moved it"):
            tokens.of(other).read()
        rows.filter(name=other).update(ciphertext=kept)


# --- limits -------------------------------------------------------------------------------------------------


def test_windows_end_on_whole_minutes_and_days() -> None:
    """As the vendors' do."""
    now = datetime(2026, 7, 1, 9, 30, 20, tzinfo=UTC)
    assert datetime(2026, 7, 1, 9, 31, tzinfo=UTC) == next_reset(now, 60)
    assert datetime(2026, 7, 2, tzinfo=UTC) == next_reset(now, 86_400)


# --- locks --------------------------------------------------------------------------------------------------


def test_an_executor_lock_is_seized_by_one(storage: Any, together: Any) -> None:
    """The second is refused at once, and gets it when the first is gone."""
    with storage.locks.seize("executor:test") as watch:
        assert watch.held()
        with storage.locks.seize("executor:test") as second:
            assert None is second
        with storage.locks.seize("executor:other") as other:
            assert other.held()
    with storage.locks.seize("executor:test") as watch:
        assert watch.held()


def test_of_many_processes_one_seizes_the_executor_lock(storage: Any, together: Any) -> None:
    """All at the same moment."""
    tried = threading.Barrier(8)

    def seize(number: int) -> bool:
        with storage.locks.seize("executor:many") as watch:
            tried.wait(10)
            return watch is not None

    assert 1 == together(seize).count(True)


# --- audit and exchanges ------------------------------------------------------------------------------------


def test_the_chain_is_unbroken_under_concurrency(storage: Any, together: Any) -> None:
    """Eight threads append ten entries each: eighty entries, every hash right."""
    audit = StoredAudit(storage.organisation)

    def append(number: int) -> None:
        for step in range(10):
            audit.append(actor=f"thread {number}", action="test", subject="run", detail={"step": step})

    assert [None] * 8 == together(append)
    entries = list(audit.entries())
    assert ([], 80, 80) == (verify(entries, audit.head()), len(entries), audit.head()[0])


def test_each_organisation_has_its_own_chain(storage: Any) -> None:
    """The other's entries are not among ours, and an empty chain is sound."""
    from tests.store.suite.conftest import TableStorage

    other = TableStorage(storage.home)
    StoredAudit(storage.organisation).append(actor="anna", action="test", subject="s", detail={})

    assert ([], (0, "0" * 64)) == (
        list(StoredAudit(other.organisation).entries()),
        StoredAudit(other.organisation).head(),
    )
    assert 1 == StoredAudit(storage.organisation).head()[0]


def test_a_change_made_in_the_table_is_found(storage: Any) -> None:
    """Verification reads the table, not our memory of it."""
    audit = StoredAudit(storage.organisation)
    for _ in range(3):
        audit.append(actor="anna", action="approved", subject="run", detail={})
    AuditEntry.objects.filter(organisation=storage.organisation, number=2).update(text="{}")

    assert ["Entry 2 was changed, or one before it was removed."] == verify(audit.entries(), audit.head())


def test_an_entry_and_its_change_stand_or_fall_together(storage: Any) -> None:
    """Rolled back with the transaction that made the change."""
    from django.db import transaction

    audit = StoredAudit(storage.organisation)

    def change() -> None:
        with transaction.atomic():
            audit.append(actor="anna", action="test", subject="s", detail={})
            raise RuntimeError("the change failed")

    with pytest.raises(RuntimeError):
        change()
    assert [] == list(audit.entries())


def test_an_exchange_is_recorded(storage: Any) -> None:
    """As it was given, already redacted."""
    StoredExchanges(storage.connection).record(
        Exchange(method="POST", url="https://x/y", status=None, seconds=1.2345, error="reset", write=True)
    )

    row = ExchangeRow.objects.get(connection=storage.connection)
    assert ("POST", None, 1234, "reset", True) == (
        row.method,
        row.status,
        row.milliseconds,
        row.error,
        row.write,
    )


def test_database_time_moves_forward_and_is_utc() -> None:
    """The only clock that intents are compared with."""
    first, second = database_now(), database_now()

    assert first <= second
    assert UTC is first.tzinfo
    assert abs((datetime.now(UTC) - first).total_seconds()) < 60


@pytest.mark.parametrize("name", ["synchronous_commit"])
def test_a_database_that_may_forget_commits_is_refused(name: str) -> None:
    """PostgreSQL with acknowledged commits not on disk; SQLite is opened with synchronous=FULL."""
    from django.db import connection

    assert None is refuse_unsafe()
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            cursor.execute("PRAGMA synchronous")
            assert (2,) == cursor.fetchone()
            cursor.execute("PRAGMA journal_mode")
            assert ("wal",) == cursor.fetchone()
            return
        cursor.execute(f"SET {name} = off")
    try:
        assert f"This PostgreSQL runs with {name}=off" in (refuse_unsafe() or "")
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"SET {name} = on")


# --- the tables themselves ----------------------------------------------------------------------------------


def test_tables_are_known_in_one_order() -> None:
    """A backup of PostgreSQL names them in it, and an older one is restored where it is the same."""
    from django.apps import apps

    files = [model.__module__.rpartition(".")[2] for model in apps.get_app_config("store").get_models()]

    order = ["setup", "runs", "commits", "audit", "plans", "work"]
    order += ["snapshots", "expected", "alerts", "headcount", "hooks", "api"]
    assert order == list(dict.fromkeys(files))
    assert sorted(files, key=list(dict.fromkeys(files)).index) == files
