"""`python -m ml_connector_sandbox serve …` starts simulators; see `core/serve.py`."""

from __future__ import annotations

import sys

from ml_connector_sandbox.core import serve


def main() -> int:
    """Run the named command; `serve` is the only one."""
    if len(sys.argv) < 2 or sys.argv[1] != "serve":
        print(
            "usage: python -m ml_connector_sandbox serve --system <slug>|all [--port N] [--scenario NAME] …",
            file=sys.stderr,
        )
        return 2
    return serve.main(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
