"""What a simulator sends by itself: notifications to addresses that somebody subscribed."""

from __future__ import annotations

import ipaddress
import socket
import urllib.error
import urllib.request
from collections.abc import Mapping
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 5
NOBODY = 503
"""The status that stands for no answer at all."""


def post(url: str, body: bytes, headers: Mapping[str, str] | None = None) -> int:
    """POST JSON to an address, past any proxy, and return the status; 503 when nobody answers."""
    request = urllib.request.Request(
        url, data=body, method="POST", headers={"Content-Type": "application/json", **(headers or {})}
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return NOBODY


def is_loopback(url: str) -> bool:
    """Whether everything that the address resolves to is on this machine."""
    try:
        found = {info[4][0] for info in socket.getaddrinfo(urlsplit(url).hostname or "", None)}
        return bool(found) and all(
            ipaddress.ip_address(str(address).partition("%")[0]).is_loopback for address in found
        )
    except (OSError, ValueError):
        return False
