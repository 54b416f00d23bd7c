"""Keys and what they seal: no rotation, and no two at a time, loses a secret; nothing is unsealed twice."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from ml_connector.contract.memory import VirtualClock
from ml_connector.ports.storage import TokenState
from ml_connector.store.models import Secret, Token
from ml_connector.store.secrets import Keys, StoredTokens, StoredVault, VaultError, renew_keys, rotate

STEPS = ("add", "rotate", "drop")
ORDERS = [frozenset(first) for first in combinations(range(6), 3)]
"""Which of six steps are the first one's: all twenty ways that two rotations can mix."""


@pytest.fixture(autouse=True)
def loose() -> Iterator[None]:
    """As most machines are set: others may read what is made without care."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    Secret.objects.all().delete()
    Token.objects.all().delete()
    made = Keys(tmp_path / "keys")
    made.create()
    return made


@pytest.fixture
def sealed(storage: Any, keys: Keys) -> Callable[[Keys], list[str]]:
    """A secret and a token; what another process reads of them."""
    StoredVault(storage.connection, keys).write("client_secret", "s3cret")
    StoredTokens(storage.connection, keys, storage.locks).write(TokenState(access_token="token"))

    def read(with_keys: Keys) -> list[str]:
        vault = StoredVault(storage.connection, with_keys)
        tokens = StoredTokens(storage.connection, with_keys, storage.locks)
        return [vault.read("client_secret"), tokens.read().access_token]

    return read


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: "".join("ab"[n not in order] for n in range(6)))
def test_two_rotations_lose_nothing_in_any_order(
    tmp_path: Path, keys: Keys, sealed: Callable[[Keys], list[str]], order: frozenset[int]
) -> None:
    """Every way that the steps of two processes can mix, without a lock between them: one may fail, and all
    is readable.
    """
    sides = [(Keys(tmp_path / "keys"), iter(STEPS)) for _ in range(2)]
    for n in range(6):
        side, steps = sides[n not in order]
        step = next(steps)
        try:
            {"add": side.add, "rotate": lambda side=side: rotate(side), "drop": side.drop_old}[step]()
        except Exception:
            continue

    assert ["s3cret", "token"] == sealed(Keys(tmp_path / "keys"))
    assert 0o600 == (tmp_path / "keys").stat().st_mode & 0o777


def test_rotations_wait_for_each_other(
    storage: Any, tmp_path: Path, keys: Keys, sealed: Callable[[Keys], list[str]]
) -> None:
    """While one is between its new key and its old ones, another does not begin."""
    inside, began = threading.Event(), threading.Event()
    waited = []

    class First(Keys):
        def drop_old(self) -> None:
            inside.set()
            waited.append(began.wait(0.3))
            super().drop_old()

    class Second(Keys):
        def add(self) -> None:
            began.set()
            super().add()

    def second() -> None:
        from django.db import connections

        inside.wait(10)
        renew_keys(Second(tmp_path / "keys"), storage.locks)
        connections.close_all()

    thread = threading.Thread(target=second)
    thread.start()
    renew_keys(First(tmp_path / "keys"), storage.locks)
    thread.join(30)

    assert ([False], True) == (waited, began.is_set())
    assert ["s3cret", "token"] == sealed(keys)
    assert 1 == len((tmp_path / "keys").read_text().split())


def test_many_rotations_at_once(
    storage: Any, together: Any, tmp_path: Path, keys: Keys, sealed: Callable[[Keys], list[str]]
) -> None:
    """All succeed, one after the other; one key is left, and no file beside it."""
    done = together(lambda number: renew_keys(Keys(tmp_path / "keys"), storage.locks), threads=6)

    assert [2] * 6 == done
    assert ["s3cret", "token"] == sealed(keys)
    assert 1 == len((tmp_path / "keys").read_text().split())
    assert [] == list(tmp_path.glob("*.new"))


def test_old_keys_are_kept_until_everything_was_read_back(
    storage: Any, tmp_path: Path, keys: Keys, sealed: Callable[[Keys], list[str]]
) -> None:
    """A value that was sealed with the old key in the last moment is not lost."""

    class Late(Keys):
        def newest(self) -> Any:
            old = Fernet((tmp_path / "keys").read_text().split()[1].encode())
            row = Secret.objects.get(connection=storage.connection)
            text = f"connection:{storage.connection.pk}:client_secret\nlate"
            Secret.objects.filter(pk=row.pk).update(ciphertext=old.encrypt(text.encode()).decode())
            return super().newest()

    with pytest.raises(VaultError, match="so the old keys are kept"):
        renew_keys(Late(tmp_path / "keys"), storage.locks)

    assert ["late", "token"] == sealed(Keys(tmp_path / "keys"))
    assert 2 == renew_keys(keys, storage.locks)
    assert ["late", "token"] == sealed(keys)


def test_one_key_is_made_by_many_that_start_at_once(together: Any, tmp_path: Path) -> None:
    """Two first commands on a new installation: both use the key that is there in the end."""
    path = tmp_path / "fresh" / "keys"

    def start(number: int) -> frozenset[str]:
        Keys(path).create()
        return Keys(path).in_file()

    assert 1 == len({*together(start)})
    assert (0o600, 0o700) == (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777)
    assert ["keys"] == [found.name for found in path.parent.iterdir()]


def test_keys_that_are_added_at_once_are_all_kept(together: Any, tmp_path: Path, keys: Keys) -> None:
    """Each reads the file and writes it; none writes what another has changed meanwhile."""
    together(lambda number: Keys(tmp_path / "keys").add())

    assert 9 == len({*(tmp_path / "keys").read_text().split()})


def test_a_key_file_that_others_could_read_is_closed(tmp_path: Path, keys: Keys) -> None:
    """One that was copied back with the wrong mode."""
    (tmp_path / "keys").chmod(0o644)

    keys.add()

    assert 0o600 == (tmp_path / "keys").stat().st_mode & 0o777


class Counted(Keys):
    """Counts how often something is unsealed or sealed."""

    count = 0

    def fernet(self) -> Any:
        Counted.count += 1
        return super().fernet()


def test_a_secret_is_unsealed_once(storage: Any, tmp_path: Path, sealed: Callable[[Keys], list[str]]) -> None:
    """However often it is asked for, by itself or with all of them."""
    vault = StoredVault(storage.connection, Counted(tmp_path / "keys"))
    tokens = StoredTokens(storage.connection, Counted(tmp_path / "keys"), storage.locks)
    Counted.count = 0

    for _ in range(5):
        assert ("s3cret", {"client_secret": "s3cret"}) == (vault.read("client_secret"), vault.every())
        assert "token" == tokens.read().access_token

    assert 2 == Counted.count


def test_a_first_secret_of_another_process_counts_at_once(storage: Any, keys: Keys) -> None:
    """Also where all were read within two seconds: a notification that it signs may come before."""
    vault = StoredVault(storage.connection, keys, VirtualClock())
    vault.write("client_secret", "s3cret")
    assert "s3cret" == vault.read("client_secret")
    with pytest.raises(KeyError):
        vault.read("webhook_secret")

    StoredVault(storage.connection, keys).write("webhook_secret", "new")
    StoredVault(storage.connection, keys).write("webhook_token", "other")

    assert ("new", "other") == (vault.read("webhook_secret"), vault.read("webhook_token"))


def test_a_change_counts_at_once(
    storage: Any, tmp_path: Path, keys: Keys, sealed: Callable[[Keys], list[str]]
) -> None:
    """A new value, and a rotation, by another process; a secret that is gone is gone."""
    vault = StoredVault(storage.connection, Keys(tmp_path / "keys"))
    assert {"client_secret": "s3cret"} == vault.every()

    StoredVault(storage.connection, keys).write("client_secret", "another")
    assert ("another", {"client_secret": "another"}) == (vault.read("client_secret"), vault.every())
    renew_keys(keys, storage.locks)
    assert ("another", {"client_secret": "another"}) == (vault.read("client_secret"), vault.every())
    vault.write("client_secret", "ours")
    assert "ours" == StoredVault(storage.connection, keys).read("client_secret")
    Secret.objects.filter(connection=storage.connection).delete()
    assert {} == vault.every()
    with pytest.raises(KeyError):
        vault.read("client_secret")
