"""The contract matrix is what the connectors prove today."""

from __future__ import annotations

import matrix


def test_page_is_up_to_date():
    """The committed page is what `make matrix` writes."""
    made = matrix.page(matrix.facts_of(matrix.ROOT), matrix.quality_of(matrix.ROOT))

    assert made == (matrix.ROOT / matrix.PAGE).read_text(encoding="utf-8"), (
        "run `make matrix` and commit docs/reference/connectors.md"
    )
    assert str(matrix.ROOT) not in made


def claim(**changes: object) -> dict[str, object]:
    """A claim as it is collected."""
    fixed = {
        "contract": "LedgerContract",
        "test": "test_once",
        "claim": "Booked once.",
        "line": 1,
        "class": "TestLedger",
        "own": False,
    }
    return {**fixed, "where": "acme_books", "skipped": False, **changes}


def facts(*claims: dict[str, object]) -> matrix.Facts:
    """What was gathered: one ledger beside the reference."""
    classes = [
        {
            "where": where,
            "class": "TestLedger",
            "contract": "LedgerContract",
            "path": "x.py",
            "what": "A ledger.",
        }
        for where in ("reference", "acme_books")
    ]
    reference = [claim(where="reference"), claim(where="reference", test="test_whole", line=2)]
    return {
        "claims": [*reference, *claims],
        "classes": classes,
        "limits": {"reference": {"lines_max": 50}},
        "registers": {"reference": {"guarded": True}},
    }


def quality(state: str = "sandbox") -> matrix.Quality:
    """What the connector says of itself."""
    said = {"state": state, "contract": "LedgerContract", "writes": ["a | b"], "axes": []}
    return {
        "acme_books": {
            "title": "Acme Books",
            "capabilities": {"ledger": said},
            "unconfirmed": {"life": "an hour"},
        }
    }


def test_claim_that_is_not_run_is_a_fault():
    """A state needs all its claims, each as the suite has it."""
    fault = ["acme_books, ledger: 1 of 2 claims of LedgerContract are run, and its state is sandbox."]

    assert fault == matrix.faults(facts(claim()), quality())
    assert fault == matrix.faults(facts(claim(), claim(test="test_whole", skipped=True)), quality())
    assert fault == matrix.faults(facts(claim(), claim(test="test_whole", own=True)), quality())
    assert [] == matrix.faults(facts(claim(), claim(test="test_whole")), quality())


def test_planned_connector_may_lack_claims():
    """What is begun is shown as planned, not as proven."""
    made = matrix.page(facts(claim()), quality("planned"))

    assert "| Booked once. | `test_once` | ✓ | planned |" in made
    assert "`acme_books` | ledger | planned | LedgerContract |  | a \\| b |" in made
    assert "- `life`: an hour" in made


def test_register_without_versions_is_shown_as_such():
    """Whoever connects it reads that an edit may be overwritten; without one, that there is none."""
    gathered = facts(claim())
    alone = matrix.page(gathered, quality("planned"))
    gathered["registers"]["acme_books Supplier"] = {"guarded": False}

    assert matrix.NO_REGISTER in alone
    made = matrix.page(gathered, quality("planned"))
    assert (
        "| limit | reference | acme_books Supplier |\n| --- | --- | --- |\n| `guarded` | yes | no |" in made
    )
    assert matrix.NO_REGISTER not in made


def test_unknown_suite_and_missing_quality_are_faults():
    """A suite that does not exist proves nothing; contract tests without a quality.toml are nobody's."""
    said = quality()
    said["acme_books"]["capabilities"]["ledger"]["contract"] = "BankContract"

    assert ["acme_books, ledger: there is no contract suite BankContract."] == matrix.faults(
        facts(claim()), said
    )
    assert ["acme_books has contract tests and no quality.toml."] == matrix.faults(facts(claim()), {})
