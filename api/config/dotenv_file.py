"""`.env`, read as others read it; what cannot be read is an error, not silently left out."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import StringIO
from pathlib import Path

from dotenv.parser import parse_stream

__all__ = ["read_dotenv"]


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
