"""`make walk`: which files of the product the two commands of a pay run enter, and how many.

A run is started and approved against simulators while every function that is called is noted. A file counts
where one of its functions runs; what a module calls while it is loaded is no part of a run. The last line is
JSON.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from stage import SOURCE, TARGET, Product, Sandbox

ROOT = Path(__file__).parent.parent / "src" / "ml_connector"
NOTED = """
import atexit, sys, threading
entered, root, thread = set(), {root!r}, threading.local()
def note(frame, event, argument):
    if frame.f_code.co_name == "<module>" and event in ("call", "return"):
        thread.loading = getattr(thread, "loading", 0) + (1 if event == "call" else -1)
    elif event == "call" and frame.f_code.co_name != "<lambda>" and not getattr(thread, "loading", 0):
        name = frame.f_code.co_filename
        if name.startswith(root) and frame.f_back is not None and frame.f_code.co_flags & 2:
            entered.add(name)
def write():
    sys.setprofile(None)
    with open({target!r}, "a") as file:
        file.write("".join(name + "\\n" for name in sorted(entered)))
threading.setprofile(note)
sys.setprofile(note)
atexit.register(write)
sys.argv = ["ml-connector", *{arguments!r}]
from ml_connector.cli.main import main
main()
"""


class Watched(Product):
    """An installation whose commands note what they enter in `entered` while that is set."""

    entered: Path | None = None

    def _command(self, *arguments: str) -> list[str]:
        if self.entered is None:
            return super()._command(*arguments)
        code = NOTED.format(root=f"{ROOT}/", target=str(self.entered), arguments=list(arguments))
        return [sys.executable, "-c", code]


def main() -> int:
    """Count and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=0, help="fail above so many files")
    parser.add_argument("--quiet", action="store_true", help="print nothing where it does not fail")
    arguments = parser.parse_args()
    found = files()
    ok = not arguments.most or len(found) <= arguments.most
    if not (ok and arguments.quiet):
        for name in found:
            print(name)
        print(json.dumps({"ok": ok, "files": len(found)}))
    return 0 if ok else 1


def files() -> Sequence[str]:
    """The files that starting and approving a run enter, in order."""
    with tempfile.TemporaryDirectory(prefix="ml-connector-walk-") as folder, Sandbox([]) as sandbox:
        product = Watched(Path(folder) / "home")
        product.connect(sandbox, mode="approve")
        offered = product.run("run", "payroll", "--from", SOURCE, "--to", TARGET, "--detach", "--json")
        first = str(product.run("runs", "show", offered["runs"][0], "--json", expect=(0, 3, 4, 5))["pay_run"])
        for made in offered["runs"]:
            product.run("runs", "cancel", made, "--json")
        product.entered = Path(folder) / "entered"
        start = ("run", "payroll", "--from", SOURCE, "--to", TARGET, "--pay-run", first, "--json")
        run = product.run(*start, expect=(4,))
        product.run("runs", "approve", run["run"], "--fingerprint", run["fingerprint"], "--json")
        names = set(product.entered.read_text().split("\n")) - {""}
    return sorted(str(Path(name).relative_to(ROOT)) for name in names)


if __name__ == "__main__":
    sys.exit(main())
