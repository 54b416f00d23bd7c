"""The vault and the token store: encrypted at rest, the record's context inside the plaintext, keys outside
the database.

Fernet binds no context to a ciphertext, so a secret of one connection could be pasted into another; the
context stands in the plaintext and is compared on reading. Keys are a file, newest first: the first encrypts,
all decrypt, `rotate` re-encrypts everything with the first.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import lru_cache, partial
from pathlib import Path
from tempfile import mkstemp
from typing import Any

import msgspec
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.db import transaction
from django.db.models import QuerySet
from filelock import FileLock

from ml_connector.domain.problem import Owner
from ml_connector.errors import ConnectorError
from ml_connector.ports.storage import Clock, TokenState
from ml_connector.store.database import Locks
from ml_connector.store.models import ApiTokenSecret, Connection, EndpointSecret, HookPath, Secret, Token
from ml_connector.store.prepared import Prepared, change

ROTATIONS_MAX = 5
FRESH_SECONDS = 2.0
"""How long the secrets of a connection are worked with before they are read again."""
CHANGE_SECONDS = 30.0
"""For the change of the key file by somebody else, which takes milliseconds."""


_ENCRYPTED: tuple[type[Secret | Token | EndpointSecret | HookPath | ApiTokenSecret], ...] = (
    Secret,
    Token,
    EndpointSecret,
    HookPath,
    ApiTokenSecret,
)
"""Every table of ciphertexts."""
_DAMAGED = (
    "The key file {name} in the home folder is damaged: {what}. An administrator puts back the one from its"
    " backup; a new key cannot read what is encrypted."
)


class VaultError(ConnectorError):
    """A secret cannot be read with the keys at hand."""

    code = "vault"
    owner = Owner.ADMINISTRATOR


class Keys:
    """The key file: one Fernet key a line, newest first, readable by its owner only.

    Read again whenever the file is another one, so that a rotation by another process counts at once. Two
    that rotate at the same time lose no key: each changes the file as it is then, and drops only what was
    there before its own.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read: tuple[tuple[int, ...], tuple[str, ...]] = ((), ())
        self._added = ""

    @property
    def name(self) -> str:
        """Name of the file, for sentences."""
        return self._path.name

    def create(self) -> None:
        """Make the file with one new key, unless it is there."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not self._path.exists():
            with self._fresh([_new_key()]) as fresh, suppress(FileExistsError):
                os.link(fresh, self._path)

    def add(self) -> None:
        """Put a new key first."""
        with self._changing() as lines:
            self._added = _new_key()
            self._replace([self._added, *lines])

    def drop_old(self) -> None:
        """Drop the keys that were there before ours was added; call after everything is re-encrypted."""
        with self._changing() as lines:
            if self._added in lines:
                self._replace(lines[: lines.index(self._added) + 1])

    def fernet(self) -> MultiFernet:
        """The keys as one. Raises `VaultError` when there is none: nothing starts without a key."""
        return _as_one(self._lines(), self._path.name)

    def newest(self) -> MultiFernet:
        """The first key alone."""
        return _as_one(self._lines()[:1], self._path.name)

    def in_file(self) -> frozenset[str]:
        """Which keys are in the file now, to see whether they were rotated."""
        return frozenset(self._lines())

    def _lines(self) -> tuple[str, ...]:
        try:
            with self._path.open() as file:
                found = os.fstat(file.fileno())
                stamp = (found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size)
                if stamp != self._read[0]:
                    self._read = (stamp, tuple(file.read().split()))
        except FileNotFoundError:
            return ()
        except UnicodeDecodeError:
            raise VaultError(_DAMAGED.format(name=self._path.name, what="it is no text")) from None
        return self._read[1]

    @contextmanager
    def _changing(self) -> Iterator[list[str]]:
        """The lines, while nobody else changes them."""
        with FileLock(self._path.with_suffix(".lock"), timeout=CHANGE_SECONDS, mode=0o600):
            yield list(self._lines())

    def _replace(self, lines: list[str]) -> None:
        with self._fresh(lines) as fresh:
            fresh.replace(self._path)

    @contextmanager
    def _fresh(self, lines: list[str]) -> Iterator[Path]:
        """A file of its own with the lines, on the disk; gone afterwards unless it was renamed."""
        descriptor, name = mkstemp(prefix=f"{self._path.name}.", suffix=".new", dir=self._path.parent)
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write("\n".join(lines) + "\n")
                file.flush()
                os.fsync(file.fileno())
            yield Path(name)
            _sync(self._path.parent)
        finally:
            Path(name).unlink(missing_ok=True)


def _new_key() -> str:
    return Fernet.generate_key().decode()


@lru_cache(maxsize=4)
def _as_one(lines: tuple[str, ...], name: str) -> MultiFernet:
    if not lines:
        raise VaultError(
            f"No key in {name}. Put back the key file that belongs to this database; secrets cannot be read"
            " without it."
        )
    try:
        return MultiFernet([Fernet(line.encode()) for line in lines])
    except ValueError:
        raise VaultError(_DAMAGED.format(name=name, what="a line of it is no key")) from None


def _sync(folder: Path) -> None:
    """A rename is on the disk when its folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_keys(path: Path) -> None:
    """Make the key file of a new installation, in which nothing is encrypted yet."""
    if not path.exists() and not _holds_secrets():
        Keys(path).create()


def require_keys(path: Path) -> None:
    """Raises `VaultError` when secrets are stored and their key file is gone."""
    if not path.exists() and _holds_secrets():
        text = (
            f"The key file {path.name} is missing and this database holds encrypted secrets. Put it back from"
            f" its backup, as {path}; a new key cannot read them."
        )
        raise VaultError(text)


def _holds_secrets() -> bool:
    return any(model.objects.exists() for model in _ENCRYPTED)


class Sealed:
    """Seals and unseals with the keys as they stand now: another process may rotate them while this one works
    for weeks.

    Rotation adds a key, re-encrypts, and drops the old ones. A value sealed before and written after that
    would be lost, and a row read before cannot be unsealed after it; both are seen by looking again.
    """

    def __init__(self, keys: Keys) -> None:
        keys.fernet()
        self._keys = keys
        self._opened: dict[str, tuple[str, str]] = {}
        """What was unsealed, by context, with its ciphertext: unsealed again when that is another one."""

    def write(self, context: str, value: str, store: Callable[[str], object]) -> None:
        """Seal and store, under a key that is still there when it is stored."""
        for _ in range(ROTATIONS_MAX):
            before = self._keys.in_file()
            store(self._keys.fernet().encrypt(f"{context}\n{value}".encode()).decode())
            if self._keys.in_file() == before:
                return
        raise VaultError(f"The keys were rotated {ROTATIONS_MAX} times while {context} was written.")

    def read(self, context: str, load: Callable[[], str | None], first: str | None = None) -> str | None:
        """What is stored, unsealed; `None` when nothing is. `first` is what was loaded already."""
        first = first or load()
        if first is None:
            return None
        known = self._opened.get(context)
        if known is not None and known[0] == first:
            return known[1]
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
        self._opened[context] = (ciphertext, value)
        return value


class StoredVault:
    """Secrets of one connection, as `ports.storage.Vault`. With a clock, what another process enters counts
    after two seconds; without one, at once.
    """

    def __init__(self, connection: Connection, keys: Keys, clock: Clock | None = None) -> None:
        self._connection, self._sealed, self._clock = connection, Sealed(keys), clock
        self._stored: tuple[float, dict[str, str]] | None = None

    def read(self, name: str) -> str:
        value = self._sealed.read(self._context(name), partial(self._load, name), self._all().get(name))
        if value is None:
            raise KeyError(name)
        return value

    def write(self, name: str, value: str) -> None:
        def store(sealed: str) -> None:
            Secret.objects.update_or_create(
                connection=self._connection, name=name, defaults={"ciphertext": sealed}
            )
            self._stored = None

        self._sealed.write(self._context(name), value, store)

    def every(self) -> Mapping[str, str]:
        found = {}
        for name, ciphertext in self._all().items():
            value = self._sealed.read(self._context(name), partial(self._load, name), ciphertext)
            if value is not None:
                found[name] = value
        return found

    def _all(self) -> dict[str, str]:
        """Every ciphertext by name, asked anew after `FRESH_SECONDS`."""
        now = self._clock.monotonic() if self._clock else 0.0
        if self._stored is not None and self._clock and 0 <= now - self._stored[0] < FRESH_SECONDS:
            return self._stored[1]
        self._stored = now, dict(_secrets(self._connection.pk))
        return self._stored[1]

    def _load(self, name: str) -> str | None:
        """Asked by each notification for the secret of before, which there seldom is."""
        ciphertext: str | None = _secret.first(self._connection.pk, name)
        return ciphertext

    def _context(self, name: str) -> str:
        return f"connection:{self._connection.pk}:{name}"


class StoredTokens:
    """The sign-in of one connection, or by name of one tenant behind it, as `ports.storage.Tokens`."""

    def __init__(self, connection: Connection, keys: Keys, locks: Locks, name: str = "") -> None:
        self._connection, self._keys, self._locks, self._name = connection, keys, locks, name
        self._sealed = Sealed(keys)

    def of(self, name: str) -> StoredTokens:
        return StoredTokens(self._connection, self._keys, self._locks, name)

    def every(self) -> tuple[TokenState, ...]:
        """The sign-in of the connection and of every tenant behind it that has one, by name."""
        names = (
            Token.objects.filter(connection=self._connection).order_by("name").values_list("name", flat=True)
        )
        return tuple(self.of(name).read() for name in names)

    def read(self) -> TokenState:
        value = self._sealed.read(self._context, partial(_token.first, self._connection.pk, self._name))
        return TokenState() if value is None else _state(value)

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        with self._locks.hold(":".join(filter(None, ("token", str(self._connection.pk), self._name)))):
            yield

    def write(self, state: TokenState) -> None:
        def store(sealed: str) -> None:
            stored: dict[str, Any] = {"connection_id": self._connection.pk, "name": self._name}
            if not change(Token, stored, ciphertext=sealed):
                Token.objects.update_or_create(**stored, defaults={"ciphertext": sealed})

        self._sealed.write(self._context, msgspec.json.encode(state).decode(), store)

    @property
    def _context(self) -> str:
        return ":".join(filter(None, ("connection", str(self._connection.pk), "token", self._name)))


@Prepared
def _secrets(connection: int) -> QuerySet[Secret, tuple[str, str]]:
    return Secret.objects.filter(connection_id=connection).values_list("name", "ciphertext")


@Prepared
def _secret(connection: int, name: str) -> QuerySet[Secret, str]:
    return Secret.objects.filter(connection_id=connection, name=name).values_list("ciphertext", flat=True)


@Prepared
def _token(connection: int, name: str) -> QuerySet[Token, str]:
    return Token.objects.filter(connection_id=connection, name=name).values_list("ciphertext", flat=True)


def renew_keys(keys: Keys, locks: Locks) -> int:
    """Make a new key, re-encrypt everything with it, read it back, and only then drop the old keys; returns
    how many values there are. One at a time; raises `VaultError` when a value cannot be read: before anything
    is changed with the keys at hand, or, with every key still there, with the new key.
    """
    with locks.hold("keys"):
        _read_all(
            keys.fernet(),
            f"The key file {keys.name} is not the one that this database was encrypted with, so nothing was"
            " changed. An administrator puts back the one that belongs to it, then rotates again.",
        )
        keys.add()
        count = rotate(keys)
        text = "A secret cannot be read with the new key, so the old keys are kept. Rotate again."
        _read_all(keys.newest(), text)
        keys.drop_old()
    return count


def _read_all(fernet: MultiFernet, text: str) -> None:
    """Raises `VaultError` with the text when a secret cannot be read with these keys."""
    for model in _ENCRYPTED:
        for ciphertext in model.objects.values_list("ciphertext", flat=True):
            try:
                fernet.decrypt(ciphertext.encode())
            except InvalidToken:
                raise VaultError(text) from None


def rotate(keys: Keys) -> int:
    """Re-encrypt every secret and token with the newest key, in one transaction; returns how many."""
    fernet, count = keys.fernet(), 0
    with transaction.atomic():
        for model in _ENCRYPTED:
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
