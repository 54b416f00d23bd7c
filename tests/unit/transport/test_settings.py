"""Settings that every connector reads alike."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

import pytest

import ml_connector.connectors
from ml_connector.ports.systems import Field
from ml_connector.transport.settings import secret_problems

SLUGS = [module.name for module in pkgutil.iter_modules(ml_connector.connectors.__path__) if module.ispkg]
CONNECTORS: dict[str, Any] = {
    slug: importlib.import_module(f"ml_connector.connectors.{slug}").CONNECTOR for slug in SLUGS
}
NUMBERS = [
    (slug, setting.name)
    for slug, connector in CONNECTORS.items()
    for setting in connector.settings
    if setting.field is Field.NUMBER
]


def codes(slug: str, name: str, value: str) -> list[str]:
    """Codes of what is wrong with the one setting."""
    problems = CONNECTORS[slug].check_settings({name: value}, sandbox=True)
    return [problem.code for problem in problems if problem.where == name]


@pytest.mark.parametrize(("slug", "name"), NUMBERS)
@pytest.mark.parametrize(
    "value",
    ["١٢", "1_000", "1 000", "1,5", "1e3", "-1", "+1", "0x10", "²", "nan", "inf", ".", "5.", "9" * 400],
)
def test_a_number_is_written_in_ascii_digits(slug: str, name: str, value: str) -> None:
    """What Python takes for a number as well is a typing error here."""
    assert "setting.number" in codes(slug, name, value)


SECRETS = [
    (slug, setting)
    for slug, connector in CONNECTORS.items()
    for setting in connector.settings
    if setting.field is Field.SECRET
]


@pytest.mark.parametrize(("slug", "setting"), SECRETS, ids=lambda value: getattr(value, "name", value))
def test_a_secret_of_every_connector_is_checked(slug: str, setting: Any) -> None:
    """Line breaks and other control characters; too short to be hidden, but for the client's id, which is
    shown; and what a header cannot hold, where it is one.
    """

    def refused(value: str) -> bool:
        found = secret_problems(CONNECTORS[slug].settings, {setting.name: value})
        assert [] == [problem for problem in found if value in problem.text]
        return bool(found)

    assert [True] * 4 == [refused(f"abc{wrong}def") for wrong in "\n\x00\x9b\udcff"]
    assert [False] * 3 == [refused(value) for value in ("ABCDE", "a-b_c.d~e", "x" * 400)]
    assert (setting.name != "client_id") is refused("ABCD")
    assert setting.header is refused("pässwörd")


@pytest.mark.parametrize(("slug", "name"), NUMBERS)
def test_only_a_time_has_a_fraction(slug: str, name: str) -> None:
    """Half a call would be cut to none, and no limit would be counted at all."""
    assert name.endswith("_seconds") is ("setting.number" not in codes(slug, name, "0.5"))
