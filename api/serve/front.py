"""What a web worker serves: deliveries in an event loop, everything else in threads.

A sender whose body does not come costs no thread, and its time is limited: under WSGI a thread
waits for it, and cannot be interrupted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from flask import Flask
from granian._granian import RSGIHTTPProtocol as HTTPProtocol
from granian.rsgi import Scope

from api import problems
from api.app import behind_proxies, delivery_headers, is_delivery
from api.backend import backend_of
from api.ingest import webhook
from api.ingest.body import Refused
from api.serve.environ import environ_of
from api.serve.waiting import InLoop, Loop
from api.telemetry import logs
from ledger import QueueFull

__all__ = ["Front"]

# What any route but that of deliveries takes: a form, or a small JSON object.
_BODY_BYTES_MAX = 64 * 1024


class Front:
    """An RSGI application in front of the WSGI application."""

    def __init__(self, application: Flask) -> None:
        self._application = application
        self._backend = backend_of(application)
        self._settings = self._backend.settings
        self._pool = ThreadPoolExecutor(self._settings.threads, thread_name_prefix="request")
        self._trust_proxies = behind_proxies(_respond_nothing, self._settings.trusted_proxies)

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Called by the server before the first request."""
        self._loop = Loop(loop, body_seconds=self._settings.body_seconds)

    async def __rsgi__(self, scope: Scope, protocol: HTTPProtocol) -> None:
        """Answer a request."""
        environ = environ_of(scope)
        waiting = InLoop(self._loop, protocol)
        if not is_delivery(environ):
            if await self._has_body(environ, waiting, protocol):
                await self._loop.loop.run_in_executor(self._pool, self._answer, environ, protocol)
            return
        logs.begin_request()
        self._trust_proxies(environ, _ignore)
        response = await webhook.receive_async(self._backend, environ, waiting)
        protocol.response_bytes(response.status, delivery_headers(response), response.body)

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Called by the server after the last response."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _has_body(
        self, environ: WSGIEnvironment, waiting: InLoop, protocol: HTTPProtocol
    ) -> bool:
        """Whether the body is read, which few requests have; if not, a problem was answered."""
        if not environ.get("CONTENT_LENGTH") and not environ.get("HTTP_TRANSFER_ENCODING"):
            return True
        try:
            body = await waiting.body(environ, _BODY_BYTES_MAX, self._settings.body_seconds)
        except (Refused, QueueFull) as error:
            logs.begin_request()
            problem = error.problem_type if isinstance(error, Refused) else problems.UNAVAILABLE
            response = webhook.WebhookResponse.of_problem(problem)
            protocol.response_bytes(response.status, delivery_headers(response), response.body)
            return False
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        environ |= {"CONTENT_LENGTH": str(len(body)), "wsgi.input": BytesIO(body)}
        return True

    def _answer(self, environ: WSGIEnvironment, protocol: HTTPProtocol) -> None:
        """Answer by the WSGI application."""
        status, headers = 500, list[tuple[str, str]]()

        def start_response(line: str, pairs: list[tuple[str, str]], _: Any = None) -> Any:
            nonlocal status, headers
            status, headers = int(line[:3]), pairs

        chunks = self._application(environ, start_response)
        protocol.response_bytes(status, headers, b"".join(chunks))


def _respond_nothing(_: WSGIEnvironment, __: StartResponse) -> Iterable[bytes]:
    return []


def _ignore(_: str, __: list[tuple[str, str]], ___: Any = None) -> Any:
    return None
