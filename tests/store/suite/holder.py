"""A process that holds a lock until it is ended: `python -m tests.store.suite.holder NAME`."""

from __future__ import annotations

import sys

from tests.store.suite.conftest import HOME

from ml_connector.store.database import Locks


def main() -> None:
    """Hold the lock, say so, and do nothing more until standard input ends."""
    with Locks(HOME / "locks", executor="w7").hold(sys.argv[1]):
        print("held", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
