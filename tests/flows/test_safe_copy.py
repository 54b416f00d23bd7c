"""What a restored database must be before anybody works on it, rule by rule."""

from __future__ import annotations

from typing import Any

import pytest
from tests.payday import World

from ml_connector.flows.flow import Mode
from ml_connector.ports.runs import RunState

ACTOR = "cli:ada"


class Copy:
    """A database with a run that was approved and is about to post, made safe."""

    def __init__(self) -> None:
        self.world = World(mode=Mode.APPROVE)
        self.run = self.world.post("R1").id
        records = self.world.operations.records
        self.world.operations.approve(self.run, records.fingerprint(self.run))
        from django.db import transaction

        from ml_connector.app.safe_copy import make_safe
        from ml_connector.store.installation import installation
        from ml_connector.store.models import Claim

        Claim.objects.create(
            organisation=self.world.access.organisation, tenant="t", entity="10", text="x", run_id=self.run
        )
        self.identity = installation().identity
        with transaction.atomic():
            self.counted = make_safe("default", actor=ACTOR, detail={"file": "backup.tar.gz"})


@pytest.fixture(scope="module")
def copy() -> Copy:
    return Copy()


def test_every_flow_only_proposes(copy: Copy) -> None:
    """Whatever it did before."""
    assert Mode.PROPOSE == copy.world._flow.mode


def test_no_approval_counts(copy: Copy) -> None:
    """It was of entries that may be booked by now."""
    from ml_connector.store.models import Approval

    assert copy.world._flow is not None
    assert [False] == [row.voided_at is None for row in Approval.objects.filter(run_id=copy.run)]


def test_no_claim_holds(copy: Copy) -> None:
    """It is of a run of the other installation."""
    from ml_connector.store.models import Claim

    assert copy.world._flow is not None
    assert 0 == Claim.objects.count()


def test_a_run_under_way_is_held_and_proposed_again(copy: Copy) -> None:
    """Before its posting, wherever it was."""
    at = copy.world.at(copy.run)

    assert (RunState.HELD, "propose") == (at.state, at.stage)
    assert ["run.restored"] == copy.world.problems(copy.run)
    assert {} == copy.world.balances()


def test_it_is_an_installation_of_its_own(copy: Copy) -> None:
    """Restored now, under another identity than the one it was copied from."""
    from ml_connector.store.installation import installation

    assert copy.world._flow is not None
    assert (True, True) == (installation().identity != copy.identity, installation().restored_at is not None)


def test_it_is_in_the_audit_log_by_its_actor(copy: Copy) -> None:
    """With what was done."""
    (entry,) = [entry for entry in _chain(copy) if entry["action"] == "restored"]

    assert (ACTOR, {"file": "backup.tar.gz", "flows": 1, "runs": 1}) == (entry["actor"], entry["detail"])
    assert (1, 1) == copy.counted


def _chain(copy: Copy) -> list[dict[str, Any]]:
    assert copy.world._flow is not None
    return copy.world._chain()
