"""Which installation of a simulator answers: said by a header, and remembered by the client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import httpx2

from ml_connector.contract.memory import memory_wiring
from ml_connector.transport.http import Client


class Unsigned:
    """Requests without a sign-in."""

    def headers(self) -> Mapping[str, str]:
        return {}

    def refused(self, headers: Mapping[str, str]) -> bool:
        return False

    def secrets(self) -> Sequence[str]:
        return ()


def test_last_answer_that_names_an_installation_counts() -> None:
    """An answer without the header, such as a gateway's, changes nothing."""
    answers = iter([{}, {"X-Sandbox-Installation": "one"}, {}, {"x-sandbox-installation": "two"}])
    wire = httpx2.MockTransport(lambda request: httpx2.Response(200, headers=next(answers)))
    client = Client(
        base_url="http://127.0.0.1:9100",
        auth=Unsigned(),
        wiring=memory_wiring(wire=wire),
        classify=lambda answer: None,
    )
    seen = [client.installation]

    for _ in range(4):
        client.read("GET", "/")
        seen.append(client.installation)

    assert ["", "", "one", "one", "two"] == seen
