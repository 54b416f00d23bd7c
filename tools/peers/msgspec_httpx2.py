"""The least that Python needs: msgspec and httpx2 read the lines of a run and sum them. Nothing is checked,
kept or posted.
"""

from __future__ import annotations

import json
from collections import defaultdict
from decimal import Decimal

import httpx2
import msgspec
from given import PAGE_ROWS, address, headers, told


class Row(msgspec.Struct):
    """What is summed of a line."""

    baseSegment: str
    orgLevel1: str
    debitAmt: Decimal
    creditAmt: Decimal


def main() -> None:
    """Read page by page and print what was seen."""
    what = told()
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    decode, rows = msgspec.json.Decoder(list[Row]).decode, 0
    with httpx2.Client(headers=headers(what), timeout=60, trust_env=False) as client:
        page = client.get(address(what), params={"per_Page": PAGE_ROWS})
        while True:
            for row in decode(page.content):
                sums[row.baseSegment, row.orgLevel1] += row.debitAmt - row.creditAmt
                rows += 1
            link = page.links.get("next", {}).get("url")
            if not link:
                break
            page = client.get(link)
    print(json.dumps({"rows": rows, "lines": len(sums)}))


if __name__ == "__main__":
    main()
