"""Files that were kept for a report that was never stored are forgotten; no other file is."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest

from ml_connector.errors import NotSent
from ml_connector.store.files import FolderFiles


def put(files: FolderFiles, content: bytes) -> str:
    return files.put(BytesIO(content), 100).sha256


def died(files: FolderFiles, content: bytes) -> str:
    """The file is kept, and what would name it is not stored."""
    with suppress(RuntimeError), files.noted([_hash(content)]):
        put(files, content)
        raise RuntimeError("killed")
    return _hash(content)


def _hash(content: bytes) -> str:
    from hashlib import sha256

    return sha256(content).hexdigest()


def later(days: int = 36) -> datetime:
    return datetime.now(UTC) + timedelta(days=days - 35)


def test_a_file_of_nobody_is_forgotten_when_its_time_has_come(tmp_path: Path) -> None:
    files = FolderFiles(tmp_path / "files")
    left = died(files, b"left")

    assert 0 == files.forget_noted(later(34), lambda _: False)
    with files.open(left) as content:
        assert b"left" == content.read()
    assert 1 == files.forget_noted(later(), lambda _: False)
    with pytest.raises(NotSent):
        files.open(left).__enter__()
    assert 0 == files.forget_noted(later(), lambda _: False)


def test_what_somebody_names_or_keeps_stays(tmp_path: Path) -> None:
    """A report that was sent again; a file that was there before; one that another flow kept later; and one
    whose report was stored.
    """
    files = FolderFiles(tmp_path / "files")
    before = put(files, b"before")
    assert before == died(files, b"before")
    named, again = died(files, b"named"), died(files, b"again")
    with files.noted([_hash(b"stored")]):
        stored = put(files, b"stored")
    put(files, b"again")
    moment = time.time() + 3600
    os.utime(tmp_path / "files" / again[:2] / again, (moment, moment))

    assert 0 == files.forget_noted(later(), lambda sha256: sha256 == named)
    for sha256 in (before, named, again, stored):
        with files.open(sha256) as content:
            assert content.read()
    assert [] == [*(tmp_path / "files" / ".unnamed").iterdir()]


def test_a_removal_that_is_interrupted_is_finished(tmp_path: Path) -> None:
    """The file was put aside and not removed yet: it is named meanwhile, and comes back."""
    files = FolderFiles(tmp_path / "files")
    left = died(files, b"left")
    kept = tmp_path / "files" / left[:2] / left
    kept.rename(tmp_path / "files" / ".unnamed" / f"{left}.aside")

    assert 0 == files.forget_noted(later(), lambda _: True)
    assert kept.exists()
