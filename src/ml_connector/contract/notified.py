"""What the worlds of the event suite have in common when they stand on a simulator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from ml_connector.contract.memory import MemoryVault
from ml_connector.contract.simulated import SharedClock
from ml_connector.ports.storage import Vault
from ml_connector.ports.systems import EventSource


class Notified:
    """A simulator whose notifications are taken as they leave. `change` makes one, and `events` opens the
    verifier with a vault and a clock.
    """

    def __init__(
        self,
        *,
        clock: Any,
        outbox: Any,
        change: Callable[[int], object],
        events: Callable[[Vault, SharedClock], EventSource],
        secrets: Mapping[str, str],
        signed: bool = True,
        handshake: tuple[Mapping[str, str], bytes] | None = None,
    ) -> None:
        self._clock, self._change, self._events, self._handshake = clock, change, events, handshake
        self.vault: Vault = MemoryVault(secrets)
        self.secret, self.signed = next(iter(secrets)), signed
        self._number, self.sent = 0, list[tuple[Mapping[str, str], bytes]]()
        outbox.send, outbox.background = self._take, False

    def _take(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        self.sent.append((headers, body))
        return 200

    def events(self, vault: Vault) -> EventSource:
        """The verifier with these secrets."""
        return self._events(vault, SharedClock(self._clock))

    def change(self) -> tuple[Mapping[str, str], bytes]:
        """Another change; its notification."""
        self._number += 1
        self._clock.advance(1)
        before = len(self.sent)
        self._change(self._number)
        assert len(self.sent) > before, "the vendor sent nothing"
        return self.sent[-1]

    def now(self) -> datetime:
        """The vendor's time."""
        found: datetime = self._clock.now()
        return found

    def advance(self, seconds: float) -> None:
        """Both sides' time goes on."""
        self._clock.advance(seconds)

    def handshake(self) -> tuple[Mapping[str, str], bytes] | None:
        """A call that only asks."""
        return self._handshake

    def emptied(self, **secrets: str) -> Vault:
        """A vault with these secrets alone."""
        return MemoryVault(secrets)
