"""Which addresses a connection may use."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit


def host_problem(url: str, allowed: Sequence[str], sandbox: bool) -> str | None:
    """Why the address may not be used, or `None`. Only https on an allowed host (`*.example.com` allows
    subdomains); loopback with `sandbox`.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if sandbox:
        return (
            None
            if _is_loopback(host)
            else f"A sandbox connection speaks to this machine only, not to {host or url!r}."
        )
    if parts.scheme != "https":
        return f"{url!r} is not an https address."
    if any(host == name or (name.startswith("*.") and host.endswith(name[1:])) for name in allowed):
        return None
    return f"{host!r} is not a host of this vendor ({', '.join(allowed)}). Secrets are sent nowhere else."


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
