"""What the OpenAPI document says is what the interface does: requests made from it, good and bad, find no
defect and no answer that it does not name.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import httpx2 as httpx
import pytest
from tests.e2e.intake_world import Office, example

UNLIMITED = """
import sys
sys.argv = ["ml-connector", *sys.argv[1:]]
from ml_connector.app.settings import Settings, start_django
start_django(Settings())
from ml_connector.web import intake
for router in intake.api._get_bound_routers():
    for place in router.path_operations.values():
        for operation in place.operations:
            for throttle in operation.throttle_objects:
                throttle.num_requests = 10**9
from ml_connector.cli.main import main
main()
"""
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
    "negative_data_rejection",
    "missing_required_header",
    "unsupported_method",
    "ignored_auth",
]
"""All that there are for one request but one: what the schema allows, and figures contradict, is refused."""


@pytest.mark.slow
def test_no_request_finds_a_defect_or_an_undocumented_answer(tmp_path: Path) -> None:
    office = Office(tmp_path / "home")
    with office.open(UNLIMITED):
        done = subprocess.run(
            [
                str(Path(sys.executable).with_name("schemathesis")),
                *("run", f"{office.url}/v1/openapi.json", "--no-color"),
                *("--header", f"Authorization: Bearer {office.token}", "--checks", ",".join(CHECKS)),
                *("--phases", "examples,coverage,fuzzing", "--max-examples", "20", "--seed", "1"),
                *("--generation-database", "none", "--continue-on-failure"),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
        )

    assert 0 == done.returncode, done.stdout
    assert "Operations:       6 selected / 6 total" in done.stdout
    (made, passed) = re.findall(r"(\d+) generated, (\d+) passed", done.stdout)[0]
    assert made == passed
    assert 300 < int(made)


def test_the_document_names_what_it_shows(tmp_path: Path) -> None:
    """OpenAPI 3.1, every reference in it exists, its example is a report that is taken, and every answer that
    is a problem is of the type of problems.
    """
    office = Office(tmp_path / "home")
    with office.open():
        document = httpx.get(f"{office.url}/v1/openapi.json").json()
        shown = document["paths"]["/v1/expense-reports"]["post"]["requestBody"]["content"]
        taken = office.send(
            shown["multipart/form-data"]["example"]["report"], "from the document".replace(" ", "-")
        )

    assert document["openapi"].startswith("3.1")
    assert example() == shown["multipart/form-data"]["example"]["report"]
    assert 201 == taken.status_code
    text = json.dumps(document)
    for name in {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}:
        assert name in document["components"]["schemas"]
    for place in document["paths"].values():
        for operation in place.values():
            assert [{"Bearer": []}, {"Signed": []}] == operation["security"]
            for status, answer in operation["responses"].items():
                if status == "304":
                    assert "content" not in answer
                    continue
                kind = "application/problem+json" if int(status) >= 400 else "application/json"
                assert [kind] == list(answer["content"])
