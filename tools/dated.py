"""`ml-connector` at another time: every clock of the process stands so many seconds from that of the machine,
as one of the simulators' does. Nothing else of the product is touched.

    python tools/dated.py -7776000 run workers --from payroll --to ledger
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime, timedelta


def main(seconds: float) -> None:
    """Run the command that is left of the arguments."""
    really = time.time
    time.time = lambda: really() + seconds
    from ml_connector.cli.main import main as command
    from ml_connector.store.database import SystemClock, use_clock

    def now(_: SystemClock) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=seconds)

    SystemClock.now = now  # type: ignore[method-assign, assignment]
    use_clock(SystemClock())
    command()


if __name__ == "__main__":
    shift = float(sys.argv.pop(1))
    main(shift)
