"""What a connector is given to work with: secrets, tokens, limits and locks, in memory and on the tables."""

from __future__ import annotations

import threading
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ml_connector.contract.memory import (
    MemoryBudget,
    MemorySerialLocks,
    MemoryTokens,
    MemoryVault,
    VirtualClock,
)
from ml_connector.ports.storage import RESERVE_SHARE, Priority, RateLimit, TokenState

DAY = 86_400
MEET_SECONDS = 0.2
"""Two that can be inside at once meet in a hundredth of it."""


class MemoryStorage:
    """What the contract suites give to a connector."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.budget, self.serial_locks = MemoryBudget(self.clock), MemorySerialLocks()

    def vault(self) -> MemoryVault:
        return MemoryVault()

    def tokens(self) -> MemoryTokens:
        return MemoryTokens()

    def now(self) -> datetime:
        return self.clock.now()


@pytest.fixture(params=["tables", "memory"])
def storage(request: pytest.FixtureRequest) -> Any:
    """Both keep the same claims."""
    return MemoryStorage() if request.param == "memory" else request.getfixturevalue("tables")


@pytest.fixture
def scope() -> str:
    """A scope that nobody else counts in."""
    return f"connection:{uuid.uuid4().hex}"


def meeting(together: Any, enter: Any) -> list[bool]:
    """Whether two threads met inside."""
    inside = threading.Barrier(2)

    def one(number: int) -> bool:
        with enter(number):
            try:
                inside.wait(MEET_SECONDS)
            except threading.BrokenBarrierError:
                return False
            return True

    found: list[bool] = together(one, threads=2)
    return found


# --- secrets and tokens -------------------------------------------------------------------------------------


def test_a_secret_is_read_back(storage: Any) -> None:
    """As it was written last, whatever it holds; a name that was never stored is an error."""
    vault = storage.vault()
    assert {} == vault.every()
    vault.write("client_secret", "first")
    vault.write("client_secret", "päss\nword")
    vault.write("password", "p")

    assert "päss\nword" == vault.read("client_secret")
    assert {"client_secret": "päss\nword", "password": "p"} == vault.every()
    with pytest.raises(KeyError):
        vault.read("other")


def test_vaults_are_kept_apart(storage: Any) -> None:
    """One connection's secret is nobody else's."""
    storage.vault().write("client_secret", "ours")

    assert {} == storage.vault().every()


def test_a_token_state_comes_back_as_written(storage: Any) -> None:
    """Every field, times with their zone; empty before anybody signed in."""
    tokens = storage.tokens()
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


def test_one_renews_at_a_time(storage: Any, together: Any) -> None:
    """Never two inside; each reads what the one before it stored."""
    tokens = storage.tokens()
    tokens.write(TokenState(access_token="0"))
    assert [False, False] == meeting(together, lambda number: tokens.exclusive())

    def renew(number: int) -> None:
        with tokens.exclusive():
            tokens.write(TokenState(access_token=str(int(tokens.read().access_token) + 1)))

    assert [None] * 8 == together(renew)
    assert "8" == tokens.read().access_token


def test_renewals_of_two_tenants_do_not_wait_for_each_other(storage: Any, together: Any) -> None:
    """They meet inside: the connection's own sign-in and that of a tenant, and those of two tenants."""
    tokens = storage.tokens()

    assert [True, True] == meeting(together, lambda number: tokens.of(("", "a")[number]).exclusive())
    assert [True, True] == meeting(together, lambda number: tokens.of(("a", "b")[number]).exclusive())


def test_tokens_of_tenants_are_kept_apart(storage: Any) -> None:
    """One tenant's state is nobody else's, nor the connection's; an empty name is the connection itself."""
    tokens = storage.tokens()
    tokens.of("b").write(TokenState(access_token="of b"))
    assert (TokenState(), TokenState()) == (tokens.read(), tokens.of("a").read())

    tokens.of("a").write(TokenState(access_token="of a"))
    tokens.write(TokenState(access_token="own"))
    tokens.of("b").write(TokenState(access_token="b again"))

    assert ["own", "of a", "b again"] == [tokens.of(name).read().access_token for name in ("", "a", "b")]


# --- limits -------------------------------------------------------------------------------------------------


def test_all_workers_share_a_budget(storage: Any, scope: str, together: Any) -> None:
    """Twenty calls at once against twelve: twelve pass, eight are told how long to wait."""
    window = RateLimit(name="day", limit=12, seconds=DAY)

    waits = together(lambda number: storage.budget.take(scope, [window], Priority.WRITE), threads=20)

    assert [] == [wait for wait in waits if isinstance(wait, Exception)]
    assert 12 == waits.count(0.0)
    assert all(0 < wait <= DAY for wait in waits if wait)


@pytest.mark.parametrize(("limit", "reads"), [(10, 9), (20, 18), (9, 9), (60, 54)])
def test_a_reserve_is_kept_for_writes(storage: Any, scope: str, limit: int, reads: int) -> None:
    """Reads stop at nine in ten; writes go on to the end."""
    window, budget = RateLimit(name="day", limit=limit, seconds=DAY), storage.budget
    passed = [budget.take(scope, [window], Priority.READ) for _ in range(limit)].count(0.0)
    written = [budget.take(scope, [window], Priority.WRITE) for _ in range(limit)].count(0.0)

    assert (reads, limit - reads, 10) == (passed, written, RESERVE_SHARE)


def test_a_used_up_window_counts_nothing_in_the_others(storage: Any, scope: str) -> None:
    """A call that must wait is not counted anywhere."""
    minute, day = RateLimit(name="minute", limit=1, seconds=DAY), RateLimit(name="day", limit=2, seconds=DAY)
    budget = storage.budget
    assert [0.0] * 3 == [budget.wait(scope, [minute, day], Priority.WRITE) for _ in range(3)]
    assert 0.0 == budget.take(scope, [minute, day], Priority.WRITE)
    assert budget.take(scope, [minute, day], Priority.WRITE) > 0
    assert budget.wait(scope, [minute, day], Priority.WRITE) > 0

    assert 0.0 == budget.take(scope, [day], Priority.WRITE)


def test_scopes_are_counted_apart(storage: Any, scope: str) -> None:
    """A legal entity has a limit of its own."""
    window = RateLimit(name="day", limit=1, seconds=DAY)
    storage.budget.take(f"{scope}/10", [window], Priority.WRITE)

    assert 0.0 == storage.budget.take(f"{scope}/20", [window], Priority.WRITE)


def test_the_vendors_headers_correct_the_count(storage: Any, scope: str) -> None:
    """Somebody else used the same limit: what the vendor says counts."""
    window, budget = RateLimit(name="day", limit=5, seconds=DAY), storage.budget
    budget.take(scope, [window], Priority.WRITE)
    resets = storage.now() + timedelta(seconds=100)
    budget.learn(scope, [RateLimit(name="day", limit=5, seconds=DAY, remaining=0, resets_at=resets)])

    wait = budget.take(scope, [window], Priority.WRITE)

    assert 90 < wait <= 100


def test_an_answer_that_was_overtaken_gives_no_calls_back(storage: Any, scope: str) -> None:
    """Of the same window the smaller rest is true; the vendor's next window begins with what it says."""
    window, budget = RateLimit(name="day", limit=5, seconds=DAY), storage.budget
    resets = storage.now() + timedelta(seconds=100)

    def said(remaining: int, resets_at: datetime) -> None:
        told = RateLimit(name="day", limit=5, seconds=DAY, remaining=remaining, resets_at=resets_at)
        budget.learn(scope, [told])

    said(0, resets)
    said(3, resets)
    assert budget.wait(scope, [window], Priority.WRITE) > 0
    said(4, resets + timedelta(seconds=60))

    assert [0.0] * 4 == [budget.take(scope, [window], Priority.WRITE) for _ in range(4)]
    assert budget.take(scope, [window], Priority.WRITE) > 0


def test_a_limit_that_the_vendor_states_counts(storage: Any, scope: str) -> None:
    """It is larger than what was declared; nothing is said of the rest, so what was used stays used."""
    window, budget = RateLimit(name="day", limit=1, seconds=DAY), storage.budget
    budget.take(scope, [window], Priority.WRITE)
    budget.learn(scope, [RateLimit(name="day", limit=3, seconds=DAY)])

    assert [0.0, 0.0] == [budget.take(scope, [window], Priority.WRITE) for _ in range(2)]
    assert budget.take(scope, [window], Priority.WRITE) > 0


def test_a_window_that_ended_begins_again(storage: Any, scope: str) -> None:
    """With all its calls, of the limit that is declared now."""
    budget = storage.budget
    gone = storage.now() - timedelta(seconds=1)
    budget.learn(scope, [RateLimit(name="day", limit=1, seconds=DAY, remaining=0, resets_at=gone)])
    window = RateLimit(name="day", limit=2, seconds=DAY)

    assert [0.0, 0.0] == [budget.take(scope, [window], Priority.WRITE) for _ in range(2)]
    assert budget.take(scope, [window], Priority.WRITE) > 0


def test_a_window_ends_at_midnight_of_utc(storage: Any, scope: str) -> None:
    """As the vendors' do."""
    window = RateLimit(name="day", limit=1, seconds=DAY)
    storage.budget.take(scope, [window], Priority.WRITE)

    wait = storage.budget.wait(scope, [window], Priority.WRITE)

    ends = storage.now() + timedelta(seconds=wait)

    assert min(ends.timestamp() % DAY, DAY - ends.timestamp() % DAY) < 60


def test_a_rolling_window_begins_with_its_first_call(storage: Any, scope: str) -> None:
    """Two calls are as far apart as it is long, also across the whole minute."""
    window, budget = RateLimit(name="same", limit=1, seconds=DAY, rolling=True), storage.budget
    assert 0.0 == budget.take(scope, [window], Priority.READ)

    assert DAY - 60 < budget.take(scope, [window], Priority.READ) <= DAY


def test_a_rolling_window_that_ended_begins_again_with_a_call(storage: Any, scope: str) -> None:
    """And not where it would have begun without one."""
    window, budget = RateLimit(name="same", limit=1, seconds=DAY, rolling=True), storage.budget
    gone = storage.now() - timedelta(seconds=1)
    budget.learn(scope, [replace(window, remaining=0, resets_at=gone)])
    assert 0.0 == budget.take(scope, [window], Priority.READ)

    assert DAY - 60 < budget.take(scope, [window], Priority.READ) <= DAY


def test_rolling_windows_that_are_over_are_forgotten(tables: Any, scope: str) -> None:
    """There may be one for every address that was ever asked; a window of the day stays."""
    from ml_connector.store.models import BudgetWindow

    window, day = RateLimit(name=scope[-40:], limit=1, seconds=DAY, rolling=True), f"{scope}/day"
    gone = tables.now() - timedelta(seconds=1)
    for number in range(3):
        tables.budget.learn(f"{scope}/{number}", [replace(window, remaining=0, resets_at=gone)])
    tables.budget.learn(day, [RateLimit(name="day", limit=1, seconds=DAY, remaining=0, resets_at=gone)])

    tables.budget.take(f"{scope}/new", [window], Priority.READ)

    assert [f"{scope}/new", day] == sorted(
        BudgetWindow.objects.filter(scope__startswith=scope).values_list("scope", flat=True), reverse=True
    )


# --- serial locks -------------------------------------------------------------------------------------------


def test_a_lane_holds_one_request_at_a_time(storage: Any, together: Any) -> None:
    """Never two inside; another lane is not kept waiting."""
    serial_locks = storage.serial_locks

    assert [False, False] == meeting(together, lambda number: serial_locks.hold("ledger/10"))
    assert [True, True] == meeting(together, lambda number: serial_locks.hold(f"ledger/{number}"))


def test_a_thread_that_asks_for_its_own_lane_is_told(storage: Any) -> None:
    """It would wait for itself; another lane it may have beside."""
    serial_locks = storage.serial_locks
    with serial_locks.hold("ledger/10"):
        with pytest.raises(RuntimeError, match="held by this thread already"), serial_locks.hold("ledger/10"):
            pass
        with serial_locks.hold("ledger/20"):
            pass
    with serial_locks.hold("ledger/10"):
        pass


def test_a_lane_is_free_after_an_error(storage: Any) -> None:
    """Whatever ended the call."""
    with pytest.raises(ValueError, match="x"), storage.serial_locks.hold("ledger/30"):
        raise ValueError("x")
    with storage.serial_locks.hold("ledger/30"):
        pass
