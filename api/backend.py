"""The stores and settings of a running application, opened once per process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask, current_app

from api.config.settings import Settings
from api.keys import Keys
from api.notify.stores import NotifyStores
from api.readers import Readers
from api.serve.requested_checks import RequestedChecks
from api.stripe.store import SweepStore
from ledger import Appender, Ledger
from projections import Journal, Projections

_NAME = "stripe-ledger"


@dataclass(frozen=True, slots=True)
class Backend:
    """The stores and settings behind the routes; ``clock`` returns Unix seconds."""

    settings: Settings
    ledger: Ledger
    projections: Projections
    notify: NotifyStores
    journal: Journal
    appender: Appender
    keys: Keys
    readers: Readers
    sweeps: SweepStore
    checks: RequestedChecks
    clock: Callable[[], float]

    def attach(self, app: Flask) -> None:
        """Make this the backend of an application."""
        app.extensions[_NAME] = self


def backend() -> Backend:
    """The backend of the application that handles the current request."""
    return backend_of(current_app)


def backend_of(app: Flask) -> Backend:
    """The backend of an application."""
    attached = app.extensions[_NAME]
    assert isinstance(attached, Backend)
    return attached


def is_draining() -> bool:
    """Whether this process is shutting down, which the server reports by ``config["DRAINING"]``."""
    return bool(current_app.config["DRAINING"]())
