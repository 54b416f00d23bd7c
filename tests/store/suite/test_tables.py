"""What only a database has to promise: secrets, tokens, limits, lanes, locks and the audit chain, across
threads.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ml_connector.ports.storage import Exchange, Permit, TokenState, Window
from ml_connector.runs.audit import verify
from ml_connector.store.audit import StoredAudit
from ml_connector.store.database import database_now, refuse_unsafe
from ml_connector.store.limits import StoredBudget, StoredExchanges, StoredLanes, next_reset
from ml_connector.store.models import AuditEntry, ExchangeRow, Secret, Token
from ml_connector.store.secrets import Keys, StoredTokens, StoredVault, VaultError, rotate

HOLD_SECONDS = 0.02


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


def test_a_token_state_comes_back_as_written(storage: Any, keys: Keys) -> None:
    """Every field, times with their zone; empty before anybody signed in."""
    tokens = StoredTokens(storage.connection, keys, storage.locks)
    assert TokenState() == tokens.read()
    now = datetime(2026, 7, 1, 9, 0, 0, 123456, tzinfo=UTC)
    state = TokenState(
        access_token="a",
        refresh_token="r",
        issued_at=now,
        expires_at=now,
        consent_expires_at=now,
        renewing_since=now,
        lost="why",
    )

    tokens.write(state)

    assert state == tokens.read()


def test_one_renews_at_a_time(storage: Any, keys: Keys, together: Any) -> None:
    """Eight threads renew: inside, each reads what the one before it stored."""
    tokens = StoredTokens(storage.connection, keys, storage.locks)
    tokens.write(TokenState(access_token="0"))

    def renew(number: int) -> None:
        with tokens.exclusive():
            count = int(tokens.read().access_token)
            time.sleep(HOLD_SECONDS)
            tokens.write(TokenState(access_token=str(count + 1)))

    assert [None] * 8 == together(renew)
    assert "8" == tokens.read().access_token


def test_tokens_of_tenants_are_kept_apart(storage: Any, keys: Keys) -> None:
    """One tenant's state is nobody else's, nor the connection's; an empty name is the connection itself."""
    connection = storage.connect("several")
    tokens = StoredTokens(connection, keys, storage.locks)
    tokens.of("b").write(TokenState(access_token="of b"))
    assert (TokenState(), TokenState()) == (tokens.read(), tokens.of("a").read())

    tokens.of("a").write(TokenState(access_token="of a"))
    tokens.write(TokenState(access_token="own"))
    tokens.of("b").write(TokenState(access_token="b again"))

    assert ["own", "of a", "b again"] == [tokens.of(name).read().access_token for name in ("", "a", "b")]
    assert ["own", "of a", "b again"] == [state.access_token for state in tokens.of("a").every()]


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


def test_renewals_of_two_tenants_do_not_wait_for_each_other(storage: Any, keys: Keys, together: Any) -> None:
    """Three renew in the same moment and meet inside: the connection's own sign-in and those of two
    tenants.
    """
    tokens = StoredTokens(storage.connection, keys, storage.locks)
    inside = threading.Barrier(3)

    def renew(number: int) -> None:
        with tokens.of(("", "a", "b")[number]).exclusive():
            inside.wait(timeout=10)

    assert [None] * 3 == together(renew, threads=3)


# --- limits -------------------------------------------------------------------------------------------------


def scope(storage: Any) -> str:
    return f"connection:{storage.connection.pk}"


def test_all_workers_share_a_budget(storage: Any, together: Any) -> None:
    """Twenty calls at once against twelve: twelve pass, eight are told how long to wait."""
    window = Window(name="day", limit=12, seconds=86_400)

    waits = together(lambda number: StoredBudget().take(scope(storage), [window], Permit.WRITE), threads=20)

    assert [] == [wait for wait in waits if isinstance(wait, Exception)]
    assert 12 == waits.count(0.0)
    assert all(0 < wait <= 86_400 for wait in waits if wait)


def test_a_reserve_is_kept_for_postings(storage: Any) -> None:
    """Reads stop at nine in ten; writes go on."""
    window, budget = Window(name="day", limit=20, seconds=86_400), StoredBudget()
    reads = [budget.take(scope(storage), [window], Permit.READ) for _ in range(20)]

    assert 18 == reads.count(0.0)
    assert [0.0, 0.0] == [budget.take(scope(storage), [window], Permit.WRITE) for _ in range(2)]
    assert budget.take(scope(storage), [window], Permit.WRITE) > 0


def test_a_used_up_window_counts_nothing_in_the_others(storage: Any) -> None:
    """A call that must wait is not counted anywhere."""
    minute, day, budget = (
        Window(name="minute", limit=1, seconds=86_400),
        Window(name="day", limit=2, seconds=86_400),
        StoredBudget(),
    )
    assert [0.0] * 3 == [budget.wait(scope(storage), [minute, day], Permit.WRITE) for _ in range(3)]
    assert 0.0 == budget.take(scope(storage), [minute, day], Permit.WRITE)
    assert budget.take(scope(storage), [minute, day], Permit.WRITE) > 0
    assert budget.wait(scope(storage), [minute, day], Permit.WRITE) > 0

    assert 0.0 == budget.take(scope(storage), [day], Permit.WRITE)


def test_the_vendors_headers_correct_the_count(storage: Any) -> None:
    """Somebody else used the same limit: what the vendor says counts."""
    window, budget = Window(name="day", limit=5, seconds=86_400), StoredBudget()
    budget.take(scope(storage), [window], Permit.WRITE)
    resets = database_now() + timedelta(seconds=100)
    budget.learn(scope(storage), [Window(name="day", limit=5, seconds=86_400, remaining=0, resets_at=resets)])

    wait = budget.take(scope(storage), [window], Permit.WRITE)

    assert 90 < wait <= 100


def test_a_window_that_ended_begins_again(storage: Any) -> None:
    """With all its calls."""
    window, budget = Window(name="day", limit=1, seconds=86_400), StoredBudget()
    gone = database_now() - timedelta(seconds=1)
    budget.learn(scope(storage), [Window(name="day", limit=1, seconds=86_400, remaining=0, resets_at=gone)])

    assert 0.0 == budget.take(scope(storage), [window], Permit.WRITE)


def test_windows_end_on_whole_minutes_and_days() -> None:
    """As the vendors' do."""
    now = datetime(2026, 7, 1, 9, 30, 20, tzinfo=UTC)
    assert datetime(2026, 7, 1, 9, 31, tzinfo=UTC) == next_reset(now, 60)
    assert datetime(2026, 7, 2, tzinfo=UTC) == next_reset(now, 86_400)


def test_a_lane_holds_one_request_at_a_time(storage: Any, together: Any) -> None:
    """Eight threads, one lane: never two inside; another lane is not kept waiting."""
    lanes, inside, most = StoredLanes(storage.locks), [0], [0]

    def call(number: int) -> None:
        with lanes.hold("ledger/10"):
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            time.sleep(HOLD_SECONDS)
            inside[0] -= 1

    assert [None] * 8 == together(call)
    assert 1 == most[0]
    with lanes.hold("ledger/10"), lanes.hold("ledger/20"):
        pass


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

    def seize(number: int) -> bool:
        with storage.locks.seize("executor:many") as watch:
            time.sleep(20 * HOLD_SECONDS)
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
