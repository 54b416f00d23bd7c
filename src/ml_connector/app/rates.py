"""Exchange rates as a person gives them for one run, in the form that the run keeps them in."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ml_connector.flows.policy import PolicyError, read_rates

_COMMA = re.compile(r"\s*([A-Z]{3}\s*=\s*[0-9]+),([0-9]+)\s*")


def rates_given(rates: Sequence[str], source: str) -> dict[str, str]:
    """`rates` and `rate_source` of the run's input; nothing without rates. Raises `PolicyError` for what is
    no rate, also for one with a decimal comma: commas stand between rates.
    """
    for rate in rates:
        if found := _COMMA.fullmatch(rate):
            raise PolicyError(
                f"rate is {rate.strip()}. Write its decimals behind a point: {found[1]}.{found[2]}"
            )
    values = {"rates": ", ".join(rates), "rate_source": source} if rates else {}
    read_rates(values)
    return values
