"""The vault and the token store: encrypted at rest, the record's context inside the plaintext, keys outside
the database.

Fernet binds no context to a ciphertext, so a secret of one connection could be pasted into another; the
context stands in the plaintext and is compared on reading. Keys are a file, newest first: the first encrypts,
all decrypt, `rotate` re-encrypts everything with the first.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import msgspec
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.db import transaction

from ml_connector.ports.storage import TokenState
from ml_connector.store.database import Locks
from ml_connector.store.models import Connection, Secret, Token

ROTATIONS_MAX = 5


class VaultError(Exception):
    """A secret cannot be read with the keys at hand."""


class Keys:
    """The key file: one Fernet key a line, newest first, readable by its owner only."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def create(self) -> None:
        """Make the file with one new key, unless it is there."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if not self._path.exists():
            self._write([Fernet.generate_key().decode()])

    def add(self) -> None:
        """Put a new key first."""
        self._write([Fernet.generate_key().decode(), *self._lines()])

    def drop_old(self) -> None:
        """Keep the first key only; call after everything is re-encrypted."""
        self._write(self._lines()[:1])

    def fernet(self) -> MultiFernet:
        """The keys as one. Raises `VaultError` when there is none: nothing starts without a key."""
        lines = self._lines()
        if not lines:
            raise VaultError(
                f"No key in {self._path.name}. Put back the key file that belongs to this database; secrets"
                " cannot be read without it."
            )
        return MultiFernet([Fernet(line.encode()) for line in lines])

    def in_file(self) -> frozenset[str]:
        """Which keys are in the file now, to see whether they were rotated."""
        return frozenset(self._lines())

    def _lines(self) -> list[str]:
        return self._path.read_text().split() if self._path.exists() else []

    def _write(self, lines: list[str]) -> None:
        fresh = self._path.with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write("\n".join(lines) + "\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)


def require_keys(path: Path) -> None:
    """Make the key file of a new installation. Raises `VaultError` when secrets are stored and their key file
    is gone: nothing starts without it.
    """
    if not path.exists() and (Secret.objects.exists() or Token.objects.exists()):
        text = (
            f"The key file {path.name} is missing and this database holds encrypted secrets. Put it back from"
            " its backup; a new key cannot read them."
        )
        raise VaultError(text)
    Keys(path).create()


class _Sealed:
    """Seals and unseals with the keys as they stand now: another process may rotate them while this one works
    for weeks.

    Rotation adds a key, re-encrypts, and drops the old ones. A value sealed before and written after that
    would be lost, and a row read before cannot be unsealed after it; both are seen by looking again.
    """

    def __init__(self, keys: Keys) -> None:
        keys.fernet()
        self._keys = keys

    def write(self, context: str, value: str, store: Callable[[str], object]) -> None:
        """Seal and store, under a key that is still there when it is stored."""
        for _ in range(ROTATIONS_MAX):
            before = self._keys.in_file()
            store(self._keys.fernet().encrypt(f"{context}\n{value}".encode()).decode())
            if self._keys.in_file() == before:
                return
        raise VaultError(f"The keys were rotated {ROTATIONS_MAX} times while {context} was written.")

    def read(self, context: str, load: Callable[[], str | None]) -> str | None:
        """What is stored, unsealed; `None` when nothing is."""
        first = load()
        if first is None:
            return None
        try:
            return self._unseal(context, first)
        except VaultError:
            second = load()
            if second is None or second == first:
                raise
            return self._unseal(context, second)

    def _unseal(self, context: str, ciphertext: str) -> str:
        try:
            found, _, value = self._keys.fernet().decrypt(ciphertext.encode()).decode().partition("\n")
        except InvalidToken:
            raise VaultError(
                f"The secret {context} was encrypted with a key that is not in the key file."
            ) from None
        if found != context:
            raise VaultError(
                f"The secret stored for {context} belongs to {found}. Somebody moved it; enter it again."
            )
        return value


class StoredVault:
    """Secrets of one connection, as `ports.storage.Vault`."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._connection, self._sealed = connection, _Sealed(keys)

    def read(self, name: str) -> str:
        found = Secret.objects.filter(connection=self._connection, name=name).values_list(
            "ciphertext", flat=True
        )
        value = self._sealed.read(self._context(name), found.all().first)
        if value is None:
            raise KeyError(name)
        return value

    def write(self, name: str, value: str) -> None:
        def store(sealed: str) -> None:
            Secret.objects.update_or_create(
                connection=self._connection, name=name, defaults={"ciphertext": sealed}
            )

        self._sealed.write(self._context(name), value, store)

    def every(self) -> Mapping[str, str]:
        names = Secret.objects.filter(connection=self._connection).values_list("name", flat=True)
        return {name: self.read(name) for name in names}

    def _context(self, name: str) -> str:
        return f"connection:{self._connection.pk}:{name}"


class StoredTokens:
    """The sign-in of one connection, or by name of one tenant behind it, as `ports.storage.Tokens`."""

    def __init__(self, connection: Connection, keys: Keys, locks: Locks, name: str = "") -> None:
        self._connection, self._keys, self._locks, self._name = connection, keys, locks, name
        self._sealed = _Sealed(keys)

    def of(self, name: str) -> StoredTokens:
        return StoredTokens(self._connection, self._keys, self._locks, name)

    def every(self) -> tuple[TokenState, ...]:
        """The sign-in of the connection and of every tenant behind it that has one, by name."""
        names = (
            Token.objects.filter(connection=self._connection).order_by("name").values_list("name", flat=True)
        )
        return tuple(self.of(name).read() for name in names)

    def read(self) -> TokenState:
        found = Token.objects.filter(connection=self._connection, name=self._name).values_list(
            "ciphertext", flat=True
        )
        value = self._sealed.read(self._context, found.all().first)
        return TokenState() if value is None else _state(value)

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        with self._locks.hold(":".join(filter(None, ("token", str(self._connection.pk), self._name)))):
            yield

    def write(self, state: TokenState) -> None:
        def store(sealed: str) -> None:
            Token.objects.update_or_create(
                connection=self._connection, name=self._name, defaults={"ciphertext": sealed}
            )

        self._sealed.write(self._context, msgspec.json.encode(state).decode(), store)

    @property
    def _context(self) -> str:
        return ":".join(filter(None, ("connection", str(self._connection.pk), "token", self._name)))


def rotate(keys: Keys) -> int:
    """Re-encrypt every secret and token with the newest key, in one transaction; returns how many."""
    fernet, count = keys.fernet(), 0
    with transaction.atomic():
        for model in (Secret, Token):
            for row in model.objects.select_for_update():
                row.ciphertext = fernet.rotate(row.ciphertext.encode()).decode()
                row.save(update_fields=["ciphertext"])
                count += 1
    return count


def _state(text: str) -> TokenState:
    return msgspec.json.decode(text, type=TokenState)


def consent_ends(state: TokenState) -> datetime | None:
    """When the sign-in dies if nothing renews it."""
    return state.consent_expires_at
