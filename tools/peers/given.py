"""What every peer is told on its standard input: addresses, sign-ins, the accounts and the run."""

from __future__ import annotations

import json
import sys
from base64 import b64encode
from typing import Any

PAGE_ROWS = "10000"


def told() -> dict[str, Any]:
    """Read it, once."""
    found: dict[str, Any] = json.load(sys.stdin)
    return found


def address(what: dict[str, Any]) -> str:
    """Of the lines of the run at the payroll."""
    return f"{what['payroll']['base_url']}/payroll/v2/general-ledger/{what['run']}"


def headers(what: dict[str, Any]) -> dict[str, str]:
    """The sign-in of the payroll."""
    given = what["payroll"]["credentials"]
    signed = b64encode(f"{given['username']}:{given['password']}".encode()).decode()
    return {"Authorization": f"Basic {signed}", "US-Customer-Api-Key": given["customer_api_key"]}
