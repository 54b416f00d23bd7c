"""Files are kept once by their bytes, whole or not at all, and given as they were kept."""

from __future__ import annotations

import hashlib
import io
import stat
from pathlib import Path

import pytest

from ml_connector.errors import NotSent
from ml_connector.store.files import FolderFiles

BYTES = b"%PDF-1.7 " + b"x" * 3_000_000


def held(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_the_same_bytes_are_kept_once(tmp_path: Path) -> None:
    files = FolderFiles(tmp_path / "files")
    first, second = (files.put(io.BytesIO(BYTES), 10_000_000) for _ in range(2))
    other = files.put(io.BytesIO(BYTES + b"y"), 10_000_000)
    assert (hashlib.sha256(BYTES).hexdigest(), len(BYTES)) == (first.sha256, first.size)
    assert first == second != other
    assert {first.sha256, other.sha256} == {path.name for path in held(tmp_path)}
    with files.open(first.sha256) as content:
        assert BYTES == content.read()


def test_a_file_that_is_too_large_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    class Endless(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            return b"0" * size

    with pytest.raises(NotSent) as error:
        FolderFiles(tmp_path).put(Endless(), 5_000_000)  # type: ignore[arg-type]
    assert ("files.size", []) == (error.value.problem.code, held(tmp_path))


def test_an_empty_file_is_a_file(tmp_path: Path) -> None:
    files = FolderFiles(tmp_path)
    with files.open(files.put(io.BytesIO(), 0).sha256) as content:
        assert b"" == content.read()


def test_a_file_that_is_gone_or_changed_is_not_given(tmp_path: Path) -> None:
    files = FolderFiles(tmp_path)
    kept = files.put(io.BytesIO(BYTES), len(BYTES))
    (path,) = held(tmp_path)
    path.write_bytes(BYTES[:-1] + b"y")
    with pytest.raises(NotSent, match="was changed"), files.open(kept.sha256):
        pass
    path.unlink()
    with pytest.raises(NotSent, match="not in the folder"), files.open(kept.sha256):
        pass


def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    files = FolderFiles(tmp_path / "files")
    files.put(io.BytesIO(BYTES), len(BYTES))
    (path,) = held(tmp_path)
    modes = [stat.S_IMODE(each.stat().st_mode) for each in (path, path.parent, tmp_path / "files")]
    assert [0o600, 0o700, 0o700] == modes
