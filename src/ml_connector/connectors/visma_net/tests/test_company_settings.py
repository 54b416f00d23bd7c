"""Several companies in the settings of one connection: each with its tenant id."""

from __future__ import annotations

import pytest

from ml_connector.connectors.visma_net import CONNECTOR
from ml_connector.connectors.visma_net.settings import read

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
