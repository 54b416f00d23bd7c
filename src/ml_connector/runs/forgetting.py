"""Removes old passes of the durable engine, as a process of its own, for one that has not loaded the engine:

python -m ml_connector.runs.forgetting      the engine's address and a moment in milliseconds in, as JSON;
                                            how many were removed out
"""

from __future__ import annotations

import json
import sys


def main() -> str | int:
    """What went wrong, in a sentence, or 0."""
    from ml_connector.runs.engine import Recoverer

    url, before_ms = json.load(sys.stdin)
    try:
        recoverer = Recoverer(url)
        try:
            sys.stdout.write(f"{recoverer.forget(before_ms)}\n")
        finally:
            recoverer.close()
    except Exception as error:
        return str(getattr(error, "orig", None) or error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
