"""The simulated tenant as the world of the payroll suite, by each of its sources, and folders of files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import stamina

from ml_connector.connectors.ukg_pro.flat_file import FlatFileSource
from ml_connector.connectors.ukg_pro.settings import read
from ml_connector.connectors.ukg_pro.tests.third_party_world import ThirdPartyWorld
from ml_connector.connectors.ukg_pro.tests.world import UkgWorld
from ml_connector.ports.payroll import PayrollSource


class FlatFileWorld(UkgWorld):
    """The same tenant, read by the files that its export writes."""

    source_name = "flat_file"

    def __init__(self, folder: Path, layout: str = "L2") -> None:
        self.folder, self.layout = folder, layout
        self.runs: dict[str, str] = {}
        super().__init__(file_path=str(folder), file_layout=layout)
        self.newest_reference = self.deliver()

    def deliver(self, change: Callable[[str], str] = lambda text: text, run: str = "20240") -> str:
        content = change(self.control("gl_file", layout=self.layout, run_id=run)["text"]).encode()
        reference = sha256(content).hexdigest()
        (self.folder / f"{reference[:12]}.txt").write_bytes(content)
        self.runs[reference] = run
        return reference

    def case(self, change: Callable[[str], str]) -> tuple[PayrollSource, str]:
        return self.source, self.deliver(change)

    def first_line(self, change: Callable[[list[str]], None]) -> tuple[PayrollSource, str]:
        def apply(text: str) -> str:
            lines = text.splitlines(keepends=True)
            place = 1 if self.layout == "L1" else 0
            separator = "," if self.layout == "L1" else "|"
            values = lines[place].split(separator)
            change(values)
            return "".join([*lines[:place], separator.join(values), *lines[place + 1 :]])

        return self.case(apply)

    def newest(self) -> str:
        return self.newest_reference

    def run_of(self, reference: str) -> str:
        return self.runs[reference]

    def rerun(self) -> str:
        return self.deliver(run=self.rerun_of("20240"))

    def file(self) -> Path:
        """The file that the newest run was read from."""
        return self.folder / f"{self.newest_reference[:12]}.txt"

    def undo(self) -> None:
        self.file().unlink()

    def change(self) -> None:
        self.file().write_bytes(self.file().read_bytes().replace(b"5", b"6"))

    def other_payroll(self) -> PayrollSource:
        return self.with_settings(tenant="other")

    def void(self) -> tuple[PayrollSource, str]:
        run = str(self.control("void", worker="W00001")["run_id"])
        return self.source, self.deliver(run=run)

    def large(self) -> tuple[PayrollSource, str]:
        return self.source, self.newest()

    def cut_short(self) -> tuple[PayrollSource, str]:
        return self.case(lambda text: text[: len(text) // 2])

    def twice(self) -> tuple[PayrollSource, str]:
        return self.case(lambda text: text.splitlines(keepends=True)[0] + text)

    def uncertain(self) -> tuple[PayrollSource, str]:
        return self.first_line(
            lambda values: values.__setitem__(3 if self.layout == "L1" else 0, self.other_day())
        )

    def other_day(self) -> str:
        return "2026-07-10" if self.layout == "L1" else "20260710"

    def amount(self, text: str, currency: str) -> tuple[PayrollSource, str]:
        _, reference = self.first_line(
            lambda values: values.__setitem__(8 if self.layout == "L1" else 4, text)
        )
        return (
            self.with_settings(
                currency=currency, file_layout=_WITHOUT_TOTALS if self.layout == "L2" else "L1"
            ),
            reference,
        )

    def both_sides(self) -> tuple[PayrollSource, str] | None:
        return (
            self.first_line(lambda values: values.__setitem__(9, "1.00\n")) if self.layout == "L1" else None
        )

    def throttle(self) -> None:
        """Nobody counts how often a file is read."""

    def garbage(self) -> tuple[PayrollSource, str]:
        return self.case(lambda text: "<html><body>Sign in</body></html>\n")


_WITHOUT_TOTALS = json.dumps(
    {
        "columns": [
            {"kind": kind, "index": index, "date_format": "%Y%m%d"}
            for index, kind in enumerate(
                ("pay_date", "company", "account", "org_level_1", "amount", "pay_group", "ignore")
            )
        ],
        "delimiter": "|",
        "quote": "",
        "trailer": r"T\|.*",
        "amount": "signed",
        "account": "segments",
        "segment": 1,
    }
)


@pytest.fixture
def make_world() -> Callable[..., UkgWorld]:
    """Builds a simulated tenant and a connection to it."""
    return UkgWorld


@pytest.fixture
def make_third_party() -> Callable[..., ThirdPartyWorld]:
    """The same, read by Third-Party Pay."""
    return ThirdPartyWorld


@pytest.fixture
def make_flat_file(tmp_path: Path) -> Callable[..., FlatFileWorld]:
    """The same, read by its files."""
    return lambda layout="L2": FlatFileWorld(tmp_path, layout)


@pytest.fixture
def source(tmp_path: Path) -> Callable[..., FlatFileSource]:
    """A folder with files of this content, read by this layout."""

    def made(content: str | bytes, layout: Any = "L1", *names: str, **more: str) -> FlatFileSource:
        for name in names or ("gl.csv",):
            (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        text = layout if isinstance(layout, str) else json.dumps(layout)
        settings = {"source": "flat_file", "file_path": str(tmp_path), "file_layout": text, "currency": "USD"}
        options, problems = read({**settings, **more}, True)
        assert ([], True) == (problems, options is not None)
        assert options is not None
        return FlatFileSource(options, "tenant")

    return made


@pytest.fixture(autouse=True)
def no_waiting() -> Iterator[None]:
    """Reads that fail are repeated twice, and nobody pauses."""
    with stamina.set_testing(True, attempts=3):
        yield
