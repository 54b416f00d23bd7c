"""Several companies in the settings of one connection: each with its tenant id, and whose books they are."""

from __future__ import annotations

from typing import Any

import pytest

from ml_connector.connectors.visma_net import CONNECTOR
from ml_connector.connectors.visma_net.settings import read
from ml_connector.contract.memory import memory_wiring
from ml_connector.errors import Refused

FJORD, VERFT = "4e95f4b9-e895-5a20-a960-2ee8b4f8e49b", "2072dc1f-9564-5e3c-a5d1-8d7cef68ef02"
BOTH = {"company": "FJORD, VERFT", "tenant_id": f"FJORD={FJORD}, VERFT={VERFT}"}


def test_one_company_gives_its_tenant_id_bare_or_by_its_code() -> None:
    """Both mean the same."""
    bare, named = (
        read({"company": "FJORD", "tenant_id": text}, sandbox=False) for text in (FJORD, f"FJORD={FJORD}")
    )

    assert bare == named
    assert (bare[0].companies, bare[1]) == ({"FJORD": FJORD}, [])


@pytest.mark.parametrize(
    ("changes", "where", "words"),
    [
        ({"tenant_id": FJORD}, "tenant_id", "is not a company and its tenant id, each company once"),
        ({"tenant_id": f"FJORD={FJORD}"}, "tenant_id", "Company VERFT has no tenant id"),
        ({"company": "FJORD"}, "tenant_id", "VERFT is not among the companies"),
        (
            {"tenant_id": f"FJORD={FJORD}, VERFT={FJORD.upper()}"},
            "tenant_id",
            "FJORD and VERFT have the same tenant id",
        ),
        ({"tenant_id": f"FJORD={FJORD}, VERFT=2072"}, "tenant_id", "'2072' is not a tenant id"),
        ({"tenant_id": f"{BOTH['tenant_id']}, VERFT={FJORD}"}, "tenant_id", "each company once"),
        (
            {"tenant_id": f"{BOTH['tenant_id']}, NORD"},
            "tenant_id",
            "'NORD' is not a company and its tenant id",
        ),
        ({"company": "FJORD, VERFT, FJORD"}, "company", "Company FJORD is named twice"),
        ({"company": ""}, "company", "Name the company"),
    ],
    ids=str,
)
def test_companies_and_tenant_ids_that_do_not_fit(changes: dict[str, str], where: str, words: str) -> None:
    """Each is said in words."""
    problems = CONNECTOR.check_settings({**BOTH, **changes}, sandbox=False)

    assert {problem.where for problem in problems} == {where}
    assert any(words in problem.text for problem in problems)


# --- whose books --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("companies", ["FJORD, VERFT", "VERFT, FJORD"])
def test_tenant_of_each_company_is_its_own(companies: str) -> None:
    """The tenant id that leads into it, whatever the order and the letters of the setting; no call is made,
    and no header of an answer changes it.
    """
    settings = {"company": companies, "tenant_id": f"VERFT={VERFT}, FJORD={FJORD.upper()}"}
    ledger = CONNECTOR.open(settings, memory_wiring(sandbox=False)).ledger
    assert ledger is not None
    ledger.books("FJORD").client.http.installation = "simulated"  # type: ignore[attr-defined]

    assert {"FJORD": FJORD, "VERFT": VERFT} == {
        company: ledger.tenant(company) for company in ("FJORD", "VERFT")
    }
    with pytest.raises(Refused) as caught:
        ledger.tenant("OTHER")
    assert "entity.not_pinned" == caught.value.problem.code


def test_tenant_in_a_sandbox(two: Any) -> None:
    """The installation that the simulator names, for which a company is asked only where it was not yet; its
    tenant id where none is named.
    """
    assert ["simulated"] * 3 == [two.ledger.tenant(company) for company in ("FJORD", "FJORD", "VERFT")]
    assert ["GET v1/organization"] * 2 == two.calls()

    two.wire.installation = "restored"
    two.ledger.journals("FJORD")
    assert ["restored", "simulated"] == [two.ledger.tenant(company) for company in ("FJORD", "VERFT")]


def test_tenant_of_a_simulator_that_names_none(two: Any) -> None:
    """The tenant id of the company, as on a real host."""
    two.wire.installation = ""
    two.wire.after = lambda request, response: type(response)(
        response.status_code, headers={"content-type": "application/json"}, content=response.read()
    )

    assert VERFT == two.ledger.tenant("VERFT")
