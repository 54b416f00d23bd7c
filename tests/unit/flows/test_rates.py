"""Exchange rates that are given for one run."""

from __future__ import annotations

import pytest

from ml_connector.flows.flow import PolicyError
from ml_connector.flows.payroll.policy import read_given


def test_rates_are_kept_with_their_source() -> None:
    """One for each currency of the books, also several in one text, as a run has them that is made again."""
    assert {} == read_given({})
    for given in (["EUR=0.92", "USD=1.09"], ["EUR=0.92, USD=1.09"]):
        assert {"rates": "EUR=0.92, USD=1.09", "rate_source": "ECB"} == read_given(
            {"rate": given, "rate_source": ["ECB"]}
        )


def test_a_rate_with_a_decimal_comma_is_refused_with_the_one_that_is_meant() -> None:
    """A comma stands between rates, so half of it was called no rate."""
    with pytest.raises(PolicyError) as error:
        read_given({"rate": ["EUR=0,92"], "rate_source": ["ECB"]})

    assert "rate is EUR=0,92. Write its decimals behind a point: EUR=0.92" == str(error.value)
