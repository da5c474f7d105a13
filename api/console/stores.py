"""What the console has beside the backend: sessions, signatures, and who has to wait."""

from __future__ import annotations

from dataclasses import dataclass, field

from flask import Flask, current_app

from api.console.sessions import Sessions
from api.console.signing import Signing
from api.console.throttle import Throttle

__all__ = ["ConsoleStores", "stores"]

_NAME = "stripe-ledger-console"


@dataclass(frozen=True, slots=True)
class ConsoleStores:
    """What the console keeps in one process."""

    sessions: Sessions
    signing: Signing
    throttle: Throttle = field(default_factory=Throttle)

    def attach(self, app: Flask) -> None:
        """Make these the stores of an application."""
        app.extensions[_NAME] = self


def stores() -> ConsoleStores:
    """The stores of the application that handles the current request."""
    attached = current_app.extensions[_NAME]
    assert isinstance(attached, ConsoleStores)
    return attached
