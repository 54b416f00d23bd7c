"""What a flow of suppliers is told by its settings, and by whoever starts a pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from ml_connector.domain.lists import pairs
from ml_connector.domain.supplier import FIELDS
from ml_connector.flows.flow import Mode, Option, PolicyError
from ml_connector.flows.given_settings import mode_of, refuse_unknown


class Owner(StrEnum):
    """Whose value of a field counts: the source's, the target's, or that of the later edit."""

    SOURCE = "source"
    TARGET = "target"
    EITHER = "either"


OPTIONS = (
    Option(name="entity", help="Legal entity of the ledger whose suppliers they are, required"),
    Option(
        name="owners",
        help="Field=source, target or either (either); pairs separated by commas. Fields:"
        f" {', '.join(FIELDS)}",
    ),
    Option(
        name="accounts",
        help="Bank accounts that only the source has: shown, or asked, which adds them with consent (shown)",
    ),
)
GIVEN = (
    Option(
        name="same",
        help="Supplier of the source=of the target, by code or id, or =new; answers a question",
        many=True,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppliersInput:
    """What a pass is given: `same` are pairs that people know, separated by commas."""

    same: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppliersPolicy:
    """`owners` is field → whose value counts, with `accounts_asked` bank accounts are added with consent."""

    mode: Mode
    journals: Mapping[str, str]
    entity: str
    owners: Mapping[str, Owner]
    accounts_asked: bool


def read_policy(mode: str, _: date, options: Mapping[str, str]) -> SuppliersPolicy:
    """The policy. Raises `PolicyError` naming the option, its value and what it may be."""
    refuse_unknown(options, OPTIONS)
    entity = options.get("entity", "").strip()
    if not entity or "/" in entity:
        raise PolicyError("option 'entity' is missing: the legal entity of the ledger")
    read = pairs(options.get("owners", ""))
    wrong = [*read.broken, *read.repeated]
    wrong += [
        f"{name}={who}" for name, who in read.found.items() if name not in FIELDS or who not in [*Owner]
    ]
    if wrong:
        raise PolicyError(
            f"owners has {wrong[0]!r}; expected field=source, target or either, of {', '.join(FIELDS)}"
        )
    accounts = options.get("accounts", "").strip() or "shown"
    if accounts not in ("shown", "asked"):
        raise PolicyError(f"accounts is {accounts!r}, expected shown or asked")
    return SuppliersPolicy(
        mode=mode_of(mode),
        journals={},
        entity=entity,
        owners={name: Owner(who) for name, who in read.found.items()},
        accounts_asked=accounts == "asked",
    )


def read_given(given: Mapping[str, Sequence[str]]) -> Mapping[str, str]:
    """What was given to a pass. Raises `PolicyError`."""
    text = ",".join(given.get("same", ()))
    read = pairs(text)
    if wrong := (*read.broken, *read.repeated):
        raise PolicyError(f"same has {wrong[0]!r}; expected supplier of the source=supplier of the target")
    return {"same": text} if read.found else {}
