"""The key that seals the audit chain: Ed25519, in a file of its own that outlives the keys of the vault."""

from __future__ import annotations

import os
from base64 import b64encode
from pathlib import Path
from tempfile import mkstemp

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from ml_connector.store.secrets import VaultError


class SealKey:
    """The key in its file, readable by its owner only."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._key: Ed25519PrivateKey | None = None

    def create(self) -> None:
        """Make the key, unless it is there. Two that do so at once keep the same one."""
        pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        descriptor, name = mkstemp(prefix=f"{self._path.name}.", suffix=".new", dir=self._path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(pem)
                file.flush()
                os.fsync(file.fileno())
            if not self._path.exists():
                os.link(name, self._path)
        except FileExistsError:
            pass
        finally:
            Path(name).unlink(missing_ok=True)

    @property
    def at_hand(self) -> bool:
        """Whether the file is there, and is a key. Without one, entries are written and not signed."""
        try:
            return self._read() is not None
        except VaultError:
            return False

    def require(self) -> None:
        """Raises `VaultError` when the file is there and is no key."""
        self._read()

    @property
    def public(self) -> str:
        """The public key in base64; empty when the file is not there. Raises `VaultError` when it is no
        key.
        """
        key = self._read()
        raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw) if key else b""
        return b64encode(raw).decode()

    def sign(self, text: bytes) -> str:
        """The signature in base64. Raises `VaultError` when the file is not there."""
        key = self._read()
        if key is None:
            raise VaultError(f"The key of the audit chain, {self._path.name}, is missing.")
        return b64encode(key.sign(text)).decode()

    def _read(self) -> Ed25519PrivateKey | None:
        if self._key is None and self._path.exists():
            try:
                found = load_pem_private_key(self._path.read_bytes(), password=None)
            except (ValueError, TypeError, UnsupportedAlgorithm):
                found = None
            if not isinstance(found, Ed25519PrivateKey):
                raise VaultError(
                    f"{self._path} is damaged: it holds no key of the audit chain. An administrator puts back"
                    " the one from its backup. Another key would not fit what is signed."
                )
            self._key = found
        return self._key


_current: list[SealKey] = []


def use_seal_key(key: SealKey | None) -> None:
    """The key that this process seals with; `None` for none, as in a world of tests."""
    _current[:] = [key] if key is not None else []


def seal_key() -> SealKey | None:
    """The key that this process seals with."""
    return _current[0] if _current else None
