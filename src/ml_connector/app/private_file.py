"""Files for their owner alone: backups and copies of keys, which hold everything that is secret here."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkstemp


class AlreadyThere(Exception):
    """A file of this name is there, and was left as it is."""

    @classmethod
    def of(cls, file: Path) -> AlreadyThere:
        return cls(f"{file} is there already and was not overwritten. Name another file.")


@contextmanager
def private_file(to: Path, *, force: bool = False) -> Iterator[Path]:
    """An empty file to write to; at the end of the block it is put in place whole, readable by its owner
    only, whatever the mode of a file that was there. After an error nothing is left of it.

    Raises `AlreadyThere` when there is a file and not `force`.
    """
    if not force:
        try:
            os.close(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            raise AlreadyThere.of(to) from None
    descriptor, name = _beside(to)
    os.close(descriptor)
    fresh, done = Path(name), False
    try:
        yield fresh
        fresh.replace(to)
        done = True
    finally:
        fresh.unlink(missing_ok=True)
        if not done and not force:
            to.unlink(missing_ok=True)


def _beside(to: Path) -> tuple[int, str]:
    try:
        return mkstemp(prefix=f".{to.name}.", dir=to.parent)
    except OSError as error:
        raise type(error)(error.errno, error.strerror, str(to)) from None
