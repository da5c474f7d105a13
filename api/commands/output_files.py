"""What commands write files with: whole ones, or none."""

from __future__ import annotations

import os
import secrets
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ledger import ExportFailed
from ledger.files import sync_directory, writing

__all__ = ["opened_file", "write_directory"]

# They hold whose money it is.
_MODE = 0o700


@contextmanager
def opened_file(output: Path) -> Iterator[BinaryIO]:
    """A file to write, replaced once it is whole; `-` is standard output. Raises ExportFailed."""
    try:
        if str(output) == "-":
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
        else:
            with writing(output) as file:
                yield file
    except BrokenPipeError:
        raise  # whoever read the pipe has seen enough; click ends quietly
    except OSError as error:
        raise _failed(output, error) from error


def write_directory(output: Path, parts: Iterable[tuple[str, str]]) -> list[str]:
    """Write pieces of text into files of a new directory, which appears once all are whole.

    Returns the names of the files. Raises ExportFailed, also where there is something already.
    """
    part = output.with_name(f".{output.name}.{secrets.token_hex(4)}.part")
    try:
        if output.exists() and any(output.iterdir()):
            raise ExportFailed(f"{output} has files already: name a new directory")
        part.mkdir(_MODE)
        names = _write(part, parts)
        # An empty directory may be in its place.
        os.replace(part, output)
        sync_directory(output.absolute().parent)
    except OSError as error:
        raise _failed(output, error) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return names


def _write(directory: Path, parts: Iterable[tuple[str, str]]) -> list[str]:
    names: dict[str, None] = {}
    for name, text in parts:
        with (directory / name).open("ab") as file:
            file.write(text.encode())
        names[name] = None
    for name in names:
        with (directory / name).open("rb") as file:
            os.fsync(file.fileno())
    sync_directory(directory)
    return list(names)


def _failed(output: Path, error: OSError) -> ExportFailed:
    return ExportFailed(f"{output} cannot be written: {error.strerror or error}")
