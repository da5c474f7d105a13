"""Baseline (b): the usual handler, with one durable transaction per request.

Beside the event it stores the newest status of each object. The rows of the objects exist
before, as a shop's own rows do, so that the UPDATE has one to change.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterable
from contextlib import closing
from typing import Protocol

import psycopg
import stripe
from flask import Flask, request
from sqlalchemy import make_url

from scripts.benchmarks.baselines import end_with_server
from scripts.benchmarks.posts import SECRET, TOLERANCE_SECONDS

__all__ = ["VARIABLE", "app", "prepare"]

VARIABLE = "BENCHMARK_DATABASE_URL"

_TABLES = (
    "CREATE TABLE events (id TEXT PRIMARY KEY, type TEXT NOT NULL, body TEXT NOT NULL)",
    "CREATE TABLE objects (id TEXT PRIMARY KEY, status TEXT, event_id TEXT)",
)
_OBJECT = "INSERT INTO objects (id) VALUES ({})"
_INSERT = "INSERT INTO events (id, type, body) VALUES ({0}, {0}, {0}) ON CONFLICT (id) DO NOTHING"
_UPDATE = "UPDATE objects SET status = {0}, event_id = {0} WHERE id = {0}"

_BUSY_SECONDS = 30


class _Store(Protocol):
    def write(self, event: tuple[str, str, str], state: tuple[str | None, str, str]) -> None: ...


class _Sqlite:
    """A connection per thread to one file."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._local = threading.local()

    def connect(self) -> sqlite3.Connection:
        """Return a connection whose commits wait for the disk."""
        connection = sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        return connection

    def write(self, event: tuple[str, str, str], state: tuple[str | None, str, str]) -> None:
        if not hasattr(self._local, "connection"):
            self._local.connection = self.connect()
        connection: sqlite3.Connection = self._local.connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            if connection.execute(_INSERT.format("?"), event).rowcount:
                connection.execute(_UPDATE.format("?"), state)
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise


class _Postgresql:
    """A connection per thread to one server."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._local = threading.local()

    def write(self, event: tuple[str, str, str], state: tuple[str | None, str, str]) -> None:
        if not hasattr(self._local, "connection"):
            self._local.connection = psycopg.connect(self._url)
        connection: psycopg.Connection[tuple[object, ...]] = self._local.connection
        with connection.transaction():
            if connection.execute(_INSERT.format("%s"), event).rowcount:
                connection.execute(_UPDATE.format("%s"), state)


def prepare(url: str, object_ids: Iterable[str]) -> None:
    """Create the tables, and a row for each object."""
    rows = [(object_id,) for object_id in object_ids]
    if make_url(url).get_backend_name() == "sqlite":
        with closing(_Sqlite(_driver_url(url)).connect()) as file, file:
            for table in _TABLES:
                file.execute(table)
            file.execute("BEGIN")
            file.executemany(_OBJECT.format("?"), rows)
        return
    with psycopg.connect(_driver_url(url)) as server:
        for table in _TABLES:
            server.execute(table)
        with server.cursor() as cursor, cursor.copy("COPY objects (id) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)


def _driver_url(url: str) -> str:
    """Return SQLAlchemy's URL in the form that the driver takes."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return str(parsed.database)
    return parsed.set(drivername="postgresql").render_as_string(hide_password=False)


def app() -> Flask:
    """Return the WSGI application."""
    end_with_server()
    url = os.environ[VARIABLE]
    is_sqlite = make_url(url).get_backend_name() == "sqlite"
    store: _Store = _Sqlite(_driver_url(url)) if is_sqlite else _Postgresql(_driver_url(url))
    app = Flask("handler", static_folder=None)

    @app.post("/webhooks/stripe")
    def receive() -> tuple[str, int]:
        payload = request.get_data()
        event = stripe.Webhook.construct_event(
            payload, request.headers["Stripe-Signature"], SECRET, tolerance=TOLERANCE_SECONDS
        )
        stripe_object = event.data.object
        state = (getattr(stripe_object, "status", None), event.id, getattr(stripe_object, "id", ""))
        store.write((event.id, event.type, payload.decode()), state)
        return "", 200

    return app
