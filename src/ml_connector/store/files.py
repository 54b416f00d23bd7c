"""Files by their bytes, in a folder beside the database: each under its hash, for its owner alone."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import BinaryIO

from ml_connector.errors import NotSent
from ml_connector.ports.storage import StoredFile

_PIECE = 1 << 20
_NOTES = ".unnamed"
_PUT_SECONDS = 300.0
"""A file that was noted is put within this time, or never."""


class FolderFiles:
    """Files in a folder, which is made when the first one is kept. What was kept is never changed; a file is
    put in place whole, so that a process that dies leaves none in part under a hash.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, content: BinaryIO, bytes_max: int) -> StoredFile:
        """See `Files.put`."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        digest, size = hashlib.sha256(), 0
        with NamedTemporaryFile(dir=self._folder, prefix=".new-", delete=False) as fresh:
            try:
                while piece := content.read(_PIECE):
                    size += len(piece)
                    if size > bytes_max:
                        text = f"The file has more than {bytes_max:,} bytes, the most that is kept."
                        raise NotSent(text, where="file", code="files.size")
                    digest.update(piece)
                    fresh.write(piece)
                fresh.flush()
                os.fsync(fresh.fileno())
                to = self._path(digest.hexdigest())
                to.parent.mkdir(mode=0o700, exist_ok=True)
                Path(fresh.name).replace(to)
                _sync(to.parent, self._folder)
            finally:
                Path(fresh.name).unlink(missing_ok=True)
        return StoredFile(digest.hexdigest(), size)

    @contextmanager
    def open(self, sha256: str) -> Iterator[BinaryIO]:
        """See `Files.open`."""
        try:
            held = self._path(sha256).open("rb")
        except FileNotFoundError:
            text = "The file is not in the folder of files any more. Put it back from a backup, and resume."
            raise NotSent(text, where=sha256, code="files.gone") from None
        with held:
            if hashlib.file_digest(held, "sha256").hexdigest() != sha256:
                text = "The file in the folder of files was changed. Put it back from a backup, and resume."
                raise NotSent(text, where=sha256, code="files.changed")
            held.seek(0)
            yield held

    @contextmanager
    def noted(self, hashes: Iterable[str]) -> Iterator[None]:
        """Note which of these files are not there yet, until something names them, at the end of the block. A
        process that dies in it, or is refused, leaves its notes for `forget_noted`.
        """
        notes = [self._folder / _NOTES / sha256 for sha256 in hashes if not self._path(sha256).exists()]
        for note in notes:
            note.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            note.touch(mode=0o600)
        yield
        for note in notes:
            note.unlink(missing_ok=True)

    def forget_noted(self, before: datetime, is_named: Callable[[str], bool]) -> int:
        """Remove files that were noted before a time and that nothing names; how many. One that was put again
        since, by whomever, stays.
        """
        count = 0
        for note in sorted((self._folder / _NOTES).glob("?" * 64)):
            noted_at = note.stat().st_mtime
            if noted_at >= before.timestamp():
                continue
            kept, aside = self._path(note.name), note.with_name(f"{note.name}.aside")
            if kept.exists() and not is_named(note.name):
                kept.rename(aside)
            if aside.exists() and (aside.stat().st_mtime > noted_at + _PUT_SECONDS or is_named(note.name)):
                aside.rename(kept)
            elif aside.exists():
                aside.unlink()
                count += 1
            note.unlink()
        return count

    def _path(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256


def _sync(*folders: Path) -> None:
    """That a file is in these folders is on the disk."""
    for folder in folders:
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
