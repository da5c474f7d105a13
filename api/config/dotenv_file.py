"""`.env`, read as others read it: what cannot be read is an error. And a value added to it."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable
from io import StringIO
from pathlib import Path

from dotenv.parser import parse_stream

__all__ = ["add_to_dotenv", "read_dotenv"]


def read_dotenv(path: Path, is_ours: Callable[[str], bool]) -> dict[str, str]:
    """Those of our variables that a file sets, verbatim, for a secret may contain `${`.

    Raises `ValueError` with what is wrong; it shows no line, which may have a secret.
    """
    if not path.exists() or path.is_dir():  # a pipe is read as well
        return {}
    try:
        # Without the byte-order mark of Windows' editors.
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path} cannot be read: it is no UTF-8 text") from None
    if "\0" in text:  # UTF-16 without a mark
        raise ValueError(f"{path} cannot be read: it is no UTF-8 text")
    variables: dict[str, str] = {}
    for binding in parse_stream(StringIO(text)):
        line = binding.original
        if binding.error and any(map(is_ours, re.findall(r"\w+", line.string))):
            raise ValueError(f"{path} cannot be read: line {line.line} is not NAME=value")
        if binding.key is not None and binding.value is not None and is_ours(binding.key):
            variables[binding.key] = binding.value
    return variables


def add_to_dotenv(path: Path, name: str, value: str) -> None:
    """Add a value to those of a variable that are separated by commas, in the file's place of it.

    The file is replaced as a whole, and readable for its owner alone if it is new. Raises `OSError`
    where it cannot be, and `ValueError` where the variable cannot be read.
    """
    before = read_dotenv(path, name.__eq__).get(name, "")
    line = f"{name}={','.join(filter(None, [before, value]))}\n"
    if re.search(r"[\s#'\"$\\]", line.rstrip()):
        raise ValueError(f"{name} in {path} has characters that are better edited by hand")
    text = path.read_text("utf-8-sig") if path.exists() else ""
    originals = [
        binding.original.string for binding in parse_stream(StringIO(text)) if binding.key == name
    ]
    if originals:
        # The last one counts; it begins with the blank lines before it.
        start = text.rindex(originals[-1])
        blank = re.match(r"\s*", originals[-1])
        assert blank is not None
        text = text[:start] + blank[0] + line + text[start + len(originals[-1]) :]
    else:
        text += ("\n" if text and not text.endswith("\n") else "") + line
    _replace(path.resolve(), text)


def _replace(path: Path, text: str) -> None:
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
    descriptor, part = tempfile.mkstemp(prefix=".env.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        Path(part).replace(path)
    except OSError:
        Path(part).unlink(missing_ok=True)
        raise
