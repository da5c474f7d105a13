"""The creation of an endpoint that is not over until its secret is safe: a file that survives."""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ledger import ConfigurationError

__all__ = ["Pending"]

# Stripe repeats an answer for at least a day.
_VALID_SECONDS = 23 * 3600


class Pending:
    """The idempotency key of a creation in a file beside `.env`, which only its owner may read."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._path, self._clock = path, clock
        self._document: dict[str, Any] = {}

    @property
    def key(self) -> str:
        """The idempotency key."""
        return str(self._document["idempotency_key"])

    def begin(self, params: Mapping[str, Any]) -> bool:
        """Begin a creation, or go on with the one that the file has.

        Returns whether its key is still good. Raises ``ConfigurationError`` where another creation
        is not over, or the file cannot be read or written.
        """
        try:
            text = self._path.read_text("utf-8")
        except FileNotFoundError:
            self._document = {"params": dict(params)}
            self.restart()
            return True
        except OSError as error:
            raise ConfigurationError(f"{self._path} cannot be read: {error.strerror}") from None
        try:
            self._document = json.loads(text)
            is_same = self._document["params"] == dict(params)
            age_seconds = self._clock() - self._document["began_at"]
        except (ValueError, KeyError, TypeError):
            raise ConfigurationError(f"{self._path} is damaged; remove it") from None
        if not is_same:
            raise ConfigurationError(
                f"another endpoint was being created, and its secret is not safe yet: run that"
                f" command once more, or remove {self._path} and that endpoint"
            )
        return bool(age_seconds < _VALID_SECONDS)

    def restart(self) -> None:
        """Take a new key."""
        self._document |= {"idempotency_key": str(uuid.uuid4()), "began_at": int(self._clock())}
        part = self._path.with_name(f"{self._path.name}.part")
        try:
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w") as file:
                json.dump(self._document, file)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._path)
        except OSError as error:
            raise ConfigurationError(
                f"{self._path} cannot be written: {error.strerror}; run it in a directory of your"
                " own, for the secret must not be lost if this is interrupted"
            ) from None

    def end(self) -> None:
        """The secret is safe."""
        self._path.unlink(missing_ok=True)
