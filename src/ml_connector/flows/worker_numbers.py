"""How the number of a worker is written in a ledger, which several flows read alike."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from ml_connector.domain.worker import Worker
from ml_connector.flows.flow import PolicyError


class NumberAs(StrEnum):
    """How a worker's number is written as a code: as it is, or without the noughts it begins with."""

    NUMBER = "number"
    SHORT = "short"


def read_code(options: Mapping[str, str]) -> NumberAs:
    """The option `code`. Raises `PolicyError`."""
    code = options.get("code", NumberAs.NUMBER)
    if code not in tuple(NumberAs):
        raise PolicyError(f"code is {code!r}, expected one of {', '.join(NumberAs)}")
    return NumberAs(code)


def number_of(worker: Worker, written: NumberAs) -> str:
    """The worker's number as it is written in the ledger; empty without one."""
    code = worker.number.strip()
    return code.lstrip("0") or code if written is NumberAs.SHORT else code
