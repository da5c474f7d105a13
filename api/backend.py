"""What a running application works with: opened once per process, found through Flask."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask, current_app

from api.config.settings import Settings
from api.keys import Keys
from ledger import Appender, Ledger
from projections import Projections

_NAME = "stripe-ledger"


@dataclass(frozen=True, slots=True)
class Backend:
    """The stores and the settings behind the routes; ``clock`` gives Unix seconds."""

    settings: Settings
    ledger: Ledger
    projections: Projections
    appender: Appender
    keys: Keys
    clock: Callable[[], float]

    def attach(self, app: Flask) -> None:
        """Make this the backend of an application."""
        app.extensions[_NAME] = self


def backend() -> Backend:
    """The backend of the application that answers now."""
    return backend_of(current_app)


def backend_of(app: Flask) -> Backend:
    """The backend of an application."""
    found = app.extensions[_NAME]
    assert isinstance(found, Backend)
    return found


def draining() -> bool:
    """Whether this process was asked to end: ``app.config["DRAINING"]`` is set by who serves."""
    return bool(current_app.config["DRAINING"]())
