"""`make matrix`: the contract matrix, docs/reference/connectors.md, from what is there.

    pytest --collect-only of connectors and tests/contract  →  claims, and who proves them
    quality.toml of every connector                          →  capabilities, state, what is not confirmed
    the ledger that default settings open                    →  its limits

Facts are gathered by a process of its own, because pytest does not collect inside of pytest; the page is made
of them by pure functions.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matrix_facts import REFERENCE

ROOT = Path(__file__).parent.parent
PAGE = Path("docs/reference/connectors.md")
CONNECTORS = Path("src/ml_connector/connectors")
PLANNED = "planned"
CELLS = {True: "✓", False: "–"}
SHOWN_APART = ("state", "contract", "writes", "axes")
HEAD = """# Connectors

Made by `make matrix` from the connectors' `quality.toml`, their declared limits and their contract tests; a
test fails when it is out of date.
[How to add a connector](../howto/add-a-connector.md).
"""
STATES = """States: **planned**, begun; **unit**, proven by unit tests alone; **sandbox**, proven on the
simulator; **live**, proven on the vendor's own system. *Proven* counts the claims of the contract suite that
the connector's tests run, of all there are.
"""
LIMITS = """As a connection with default settings declares them to a real host, `LedgerLimits` in
`src/ml_connector/ports/ledger.py`. Settings of a connection can change them.
"""
REGISTERS = """`RegisterLimits` in `src/ml_connector/ports/registers.py`. Where `guarded` is no, the
vendor keeps no version of a row: an edit that somebody makes between our read and our write is overwritten.
"""
NO_REGISTER = "No connector keeps records yet; the reference is run both ways.\n"
CLAIMS = """✓ the claim is run on the reference system or on the simulator, as it stands in the suite;
**own**: in a form of the connector's own; **skipped**; **planned**: it is run, and fails until the connector
is written; – it is not run.
"""
UNCONFIRMED = """What no public material of the vendor states, taken as inferred. Each is to be tried on a
trial tenant before the first live posting.
"""

Facts = dict[str, Any]
Quality = dict[str, dict[str, Any]]


class Unfinished(Exception):
    """A connector from which no page can be made."""


def main(arguments: list[str] | None = None) -> int:
    """Write the page; 1 with a sentence where it cannot be made."""
    parser = argparse.ArgumentParser(prog="make matrix", description="Write docs/reference/connectors.md.")
    parser.add_argument("--into", type=Path, default=ROOT, help=argparse.SUPPRESS)
    root: Path = parser.parse_args(arguments).into
    try:
        text = page(facts_of(root), quality_of(root))
    except Unfinished as error:
        print(f"make matrix: {error}", file=sys.stderr)
        return 1
    (root / PAGE).parent.mkdir(parents=True, exist_ok=True)
    (root / PAGE).write_text(text, encoding="utf-8")
    print(f"wrote {PAGE}")
    return 0


# --- facts --------------------------------------------------------------------------------------------------


def facts_of(root: Path) -> Facts:
    """Claims, classes and limits of the tree. Raises `Unfinished` when tests cannot be collected or a ledger
    cannot be opened.
    """
    places = (root / "src", root / "sandbox" / "src", Path(__file__).parent)
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "facts.json"
        outside = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        environment = {
            **outside,
            "PYTHONPATH": os.pathsep.join(map(str, places)),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        command = [sys.executable, "-m", "matrix_facts", str(answer)]
        ended = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)
        if ended.returncode or not answer.exists():
            raise Unfinished(f"the facts cannot be gathered.\n{ended.stdout[-4000:]}{ended.stderr[-4000:]}")
        facts: Facts = json.loads(answer.read_text(encoding="utf-8"))
    return facts


def quality_of(root: Path) -> Quality:
    """`quality.toml` of every connector that has one, by slug."""
    found = {
        path.parent.name: tomllib.loads(path.read_text(encoding="utf-8"))
        for path in (root / CONNECTORS).glob("*/quality.toml")
    }
    return dict(sorted(found.items()))


def faults(facts: Facts, quality: Quality) -> list[str]:
    """Where a connector says more of itself than its tests prove, or less."""
    found = []
    for where in sorted({row["where"] for row in facts["classes"]} - {REFERENCE} - quality.keys()):
        found.append(f"{where} has contract tests and no quality.toml.")
    for slug, said in quality.items():
        for capability, facts_of_it in said.get("capabilities", {}).items():
            contract = facts_of_it.get("contract", "")
            done, total = proven(facts, slug, contract, facts_of_it.get("without", ()))
            if contract and not total:
                found.append(f"{slug}, {capability}: there is no contract suite {contract}.")
            elif contract and facts_of_it.get("state") != PLANNED and done < total:
                found.append(
                    f"{slug}, {capability}: {done} of {total} claims of {contract} are run, and its state is"
                    f" {facts_of_it['state']}."
                )
    return found


def proven(facts: Facts, where: str, contract: str, without: Sequence[str] = ()) -> tuple[int, int]:
    """How many claims of the suite run there unchanged in every class that runs it, and how many there are;
    `without` those of the classes that do not concern the connector.
    """
    rows = (row for row in facts["claims"] if row["contract"] == contract)
    names = {row["test"] for row in rows if row.get("of") not in without}
    return sum(cell(facts, where, contract, name) == CELLS[True] for name in names), len(names)


def cell(facts: Facts, where: str, contract: str, test: str) -> str:
    """What a claim is there."""
    classes = {
        row["class"] for row in facts["classes"] if (row["where"], row["contract"]) == (where, contract)
    }
    runs = [
        row
        for row in facts["claims"]
        if (row["where"], row["contract"], row["test"]) == (where, contract, test)
    ]
    if not classes or {row["class"] for row in runs} != classes:
        return CELLS[False]
    if any(row["skipped"] for row in runs):
        return "skipped"
    return "own" if any(row["own"] for row in runs) else CELLS[True]


# --- the page -----------------------------------------------------------------------------------------------


def page(facts: Facts, quality: Quality) -> str:
    """The whole page. Raises `Unfinished` for a connector that says more than it proves."""
    if found := faults(facts, quality):
        raise Unfinished(" ".join(found))
    parts = [
        HEAD,
        "## What each can do\n",
        STATES,
        capabilities(facts, quality),
        "## Limits of each ledger\n",
        LIMITS,
        limits(facts, quality),
        "## Limits of each register\n",
        REGISTERS,
        registers(facts),
        "## Claims, and who proves them\n",
        CLAIMS,
        *(
            suite(facts, quality, contract)
            for contract in sorted({row["contract"] for row in facts["classes"]})
        ),
        "## Not confirmed\n",
        UNCONFIRMED,
        *(unconfirmed(slug, said) for slug, said in quality.items() if said.get("unconfirmed")),
    ]
    return "\n".join(parts)


def capabilities(facts: Facts, quality: Quality) -> str:
    """One row for every capability of every connector."""
    rows = []
    for slug, said in quality.items():
        for name, what in said.get("capabilities", {}).items():
            contract = what.get("contract", "")
            done, total = proven(facts, slug, contract)
            shown = f"{done} of {total}" if contract and what.get("state") != PLANNED else ""
            more = "; ".join(
                f"{key}: {listed(value)}" for key, value in what.items() if key not in SHOWN_APART
            )
            place = f"[{said['title']}](../../{CONNECTORS}/{slug}/README.md) `{slug}`"
            rows.append(
                [
                    place,
                    name,
                    what.get("state", ""),
                    contract,
                    shown,
                    listed(what.get("writes", "")),
                    listed(what.get("axes", "")),
                    more,
                ]
            )
    return table(
        ["connector", "capability", "state", "contract suite", "proven", "writes", "axes", "more"], rows
    )


def limits(facts: Facts, quality: Quality) -> str:
    """One row for every limit, one column for every ledger."""
    ledgers = [REFERENCE, *(slug for slug in quality if slug in facts["limits"])]
    names = list(facts["limits"][REFERENCE])
    rows = [[f"`{name}`", *(listed(facts["limits"][slug][name]) for slug in ledgers)] for name in names]
    return table(["limit", *ledgers], rows)


def registers(facts: Facts) -> str:
    """One row for every limit, one column for every register; a sentence where only the reference has any."""
    found = facts["registers"]
    names = list(found[REFERENCE])
    rows = [[f"`{name}`", *(listed(said[name]) for said in found.values())] for name in names]
    alone = all(where.startswith(REFERENCE) for where in found)
    return (NO_REGISTER + "\n" if alone else "") + table(["limit", *found], rows)


def suite(facts: Facts, quality: Quality, contract: str) -> str:
    """The claims of one suite, one column for every system that runs it."""
    running = {row["where"] for row in facts["classes"] if row["contract"] == contract}
    columns = sorted(running, key=lambda where: (where != REFERENCE, where))
    planned = {slug for slug in columns if slug in quality and is_planned(quality[slug], contract)}
    names: dict[str, str] = {}
    for row in sorted(
        (row for row in facts["claims"] if row["contract"] == contract), key=lambda row: row["line"]
    ):
        names.setdefault(row["test"], row["claim"])
    rows = []
    for test, claim in names.items():
        cells = [PLANNED if where in planned else cell(facts, where, contract, test) for where in columns]
        rows.append([claim, f"`{test}`", *cells])
    ran: list[str] = []
    for where in columns:
        classes = [row for row in facts["classes"] if (row["where"], row["contract"]) == (where, contract)]
        ran.extend(f"- {where}: `{row['path']}`, `{row['class']}`: {row['what']}" for row in classes)
    return "\n".join([f"### {contract}\n", *ran, "", table(["claim", "test", *columns], rows)])


def is_planned(said: dict[str, Any], contract: str) -> bool:
    """Whether the capability that the suite is for is not written yet."""
    return any(
        what.get("contract") == contract and what.get("state") == PLANNED
        for what in said.get("capabilities", {}).values()
    )


def unconfirmed(slug: str, said: dict[str, Any]) -> str:
    """What a connector takes for granted and nobody has seen."""
    read = f" (vendor's manual read {said['reference_read']})" if "reference_read" in said else ""
    return "\n".join(
        [f"### {slug}{read}\n", *(f"- `{name}`: {text}" for name, text in said["unconfirmed"].items()), ""]
    )


def listed(value: Any) -> str:
    """A value as a person reads it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def table(head: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown, and an empty line."""
    lines = [head, ["---"] * len(head), *([text.replace("|", "\\|") for text in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
