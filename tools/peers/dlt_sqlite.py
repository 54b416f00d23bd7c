"""dlt: the lines of a run, loaded into a table of a SQLite file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dlt
import requests
from given import PAGE_ROWS, address, headers, told


def main() -> None:
    """Extract, normalise, load."""
    what = told()

    @dlt.resource(name="lines", write_disposition="replace")
    def lines() -> Iterator[Any]:
        url, query = address(what), {"per_Page": PAGE_ROWS}
        while url:
            page = requests.get(url, params=query, headers=headers(what), timeout=60)
            yield page.json()
            url, query = page.links.get("next", {}).get("url"), {}

    with tempfile.TemporaryDirectory() as folder:
        os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
        destination = dlt.destinations.sqlalchemy(f"sqlite:///{Path(folder) / 'lines.sqlite3'}")
        pipeline = dlt.pipeline("payroll", destination=destination, pipelines_dir=folder, dataset_name="main")
        pipeline.run(lines())


if __name__ == "__main__":
    main()
