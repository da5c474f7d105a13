"""Files that are either written as a whole or left as they were."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

__all__ = ["is_replaceable", "replacing", "sync_directory", "writing"]

# They hold personal data.
_MODE = 0o600


def is_replaceable(path: Path) -> bool:
    """Whether a path is a regular file, or nothing yet; not a pipe, a device or `/dev/stdout`."""
    # Behind these may be a regular file as well, but its place is somebody else's.
    if path.absolute().is_relative_to("/proc") or path.absolute().is_relative_to("/dev/fd"):
        return False
    if str(path.absolute()) in ("/dev/stdout", "/dev/stderr"):
        return False
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        return True


@contextmanager
def writing(path: Path) -> Iterator[BinaryIO]:
    """A file to write: a regular one is replaced once all is written, another written to at once.

    Raises ``OSError``.
    """
    if is_replaceable(path):
        with replacing(path) as part, part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        return
    # Neither created nor truncated: behind /dev/stdout may be a file that holds something already.
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
    with open(descriptor, "wb") as file:
        yield file


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A new file beside ``path``, which takes its place at the end of the block.

    Whatever happens before, killing and a full disk included, leaves ``path`` as it was. The block
    has to write the file through to the disk. Raises ``OSError``.
    """
    # Through links: the file that one leads to is replaced, and not the link.
    path = Path(os.path.realpath(path))
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE))
    try:
        yield part
        os.replace(part, path)
        sync_directory(path.parent)
    finally:
        # With what a database leaves beside it.
        for suffix in ("", "-wal", "-shm", "-journal"):
            with suppress(FileNotFoundError):
                part.with_name(part.name + suffix).unlink()


def sync_directory(directory: Path) -> None:
    """Write a directory's entries through to the disk."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
