"""Many suppliers are paired and planned within a bounded memory."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

COUNT, MEGABYTES = 20_000, 60
"""A fifth of what is allowed for a hundred thousand, both vendors in memory not counted."""
MEASURED = """
import json, resource, sys
from ml_connector.contract.reference_suppliers import SupplierBooks
from ml_connector.runs.inline import Inline
from tests.flows.supplier_world import Suppliers, supplier

bought, owed = SupplierBooks(marks=False), SupplierBooks(prefix="10/")
for number in range(int(sys.argv[1])):
    numbers = {"vat_number": f"NO{number:09}MVA", "chamber_number": f"{number + 1:08}"}
    named = supplier(f"Supplier {number:06}", **numbers)
    bought.enter(named)
    owed.enter(named)
world = Suppliers(bought=bought, owed=owed)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
run = world.begin()
engine = Inline(world.workshop(), world.runs, world._advance_to)
engine.step(engine.able()[0])
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
said = {"megabytes": (after - before) // 1024, "stage": world.at(run).stage, "rows": len(owed.rows)}
print(json.dumps(said))
"""


def test_the_memory_of_a_plan_is_bounded() -> None:
    """All of them are matched, nobody is made; what is left is to mark them."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(COUNT)], capture_output=True, text=True, check=True
    )
    said = json.loads(done.stdout)

    assert ("mark", COUNT) == (said["stage"], said["rows"])
    assert said["megabytes"] <= MEGABYTES, said
