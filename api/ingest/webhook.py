"""``POST /webhooks/stripe``: check a delivery step by step and append it to the log."""

from __future__ import annotations

import ipaddress
import time
import warnings
from collections.abc import Coroutine, Mapping
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol
from wsgiref.types import WSGIEnvironment

import msgspec
from marshmallow import validate

from api import problems
from api.backend import Backend
from api.config.asking import asks_stripe
from api.config.settings import Settings
from api.ingest.body import Refusal, Refused, read_body
from api.ingest.signature import NotVerified, parse, verify
from api.problems import Problem, ProblemType
from api.resources.schemas import ResponseSchema, integer, text
from api.telemetry import delivery_metrics, logs
from api.telemetry.delivery_metrics import DeliveryRecord
from ledger import (
    Appended,
    Appender,
    Delivery,
    Event,
    QueueFull,
    StoreUnavailable,
    read_delivery,
)

PATH = "/webhooks/stripe"

# With what comes before and after, a request that reached the appender stays under 5 s.
APPEND_SECONDS_MAX = 4.5


class UnavailableReason(StrEnum):
    """Why a valid delivery gets a 503, after which Stripe sends it again."""

    QUEUE_FULL = "queue_full"
    STORE = "store_unavailable"
    TIMED_OUT = "timed_out"
    UNEXPECTED = "unexpected"


class ReceiptSchema(ResponseSchema):
    """The body of a 200: what the log did with the delivery."""

    status = text(
        "What became of the delivery.",
        validate=validate.OneOf(["stored", "duplicate", "quarantined"]),
    )
    position = integer("Position in the log; for a duplicate, that of the first delivery.")
    request_id = text("The id of this request in the server's log.", dump_default=logs.request_id)


_RECEIPT = ReceiptSchema()


class WebhookResponse(NamedTuple):
    """A response to Stripe, without the headers that every response carries."""

    status: int
    content_type: str
    body: bytes
    headers: Mapping[str, str] = MappingProxyType({})

    @classmethod
    def of_problem(cls, type_: ProblemType) -> WebhookResponse:
        """The response to a delivery that is not accepted."""
        document = Problem(type_).document()
        return cls(type_.status, problems.CONTENT_TYPE, document, type_.headers)


_THIN_HINT = (
    "a thin event names its object and does not show it, so no row changes; set STRIPE_API_KEY, and"
    " the object is fetched, or let the endpoint send snapshot payloads"
)


class Waiting(Protocol):
    """How a server waits for what takes time: in a thread of the request's own, or in none."""

    async def body(self, environ: WSGIEnvironment, limit_bytes: int, seconds: float) -> bytes:
        """The whole body; raises ``Refused``."""

    async def appended(self, appender: Appender, delivery: Delivery, seconds: float) -> Appended:
        """The result of the append; raises ``TimeoutError`` and what the appender raises."""


class _InThread:
    """Waits by blocking the request's thread, as WSGI has it."""

    async def body(self, environ: WSGIEnvironment, limit_bytes: int, seconds: float) -> bytes:
        return read_body(environ, limit_bytes, seconds)

    async def appended(self, appender: Appender, delivery: Delivery, seconds: float) -> Appended:
        return appender.submit(delivery).result(seconds)


_IN_THREAD = _InThread()


def receive(backend: Backend, environ: WSGIEnvironment) -> WebhookResponse:
    """Handle one delivery in a thread of its own."""
    return _run(receive_async(backend, environ, _IN_THREAD))


def _run(coroutine: Coroutine[Any, Any, WebhookResponse]) -> WebhookResponse:
    """Run a coroutine that never suspends."""
    try:
        coroutine.send(None)
    except StopIteration as ended:
        response: WebhookResponse = ended.value
        return response
    raise RuntimeError("the coroutine waits for an event loop")


async def receive_async(
    backend: Backend, environ: WSGIEnvironment, waiting: Waiting
) -> WebhookResponse:
    """Handle one delivery. Whatever fails, the only 5xx is 503, after which Stripe tries again.

    It works without the framework, whose routing to a view took about a quarter of the time.
    """
    started = time.perf_counter()
    record = DeliveryRecord(received=backend.clock(), request_id=logs.request_id())
    try:
        response = await _accept(backend, environ, waiting, record)
    except Refused as refused:
        record.reason = refused.reason.value
        response = WebhookResponse.of_problem(refused.problem_type)
    except NotVerified as refused:
        record.reason = refused.fault.value
        response = WebhookResponse.of_problem(problems.NOT_VERIFIED)
    except QueueFull:
        response = _unavailable(record, UnavailableReason.QUEUE_FULL)
    except StoreUnavailable as error:
        problems.log_unavailable(error)
        response = _unavailable(record, UnavailableReason.STORE)
    except TimeoutError:
        response = _unavailable(record, UnavailableReason.TIMED_OUT)
    except Exception as error:
        problems.log_unexpected(error)
        response = _unavailable(record, UnavailableReason.UNEXPECTED)
    record.seconds = time.perf_counter() - started
    try:
        _report(record, environ.get("REMOTE_ADDR"))
    except Exception as error:
        # A durable delivery is acknowledged, whether or not it could be logged.
        warnings.warn(f"a delivery was not logged: {type(error).__name__}", stacklevel=1)
    return response


async def _accept(
    backend: Backend, environ: WSGIEnvironment, waiting: Waiting, record: DeliveryRecord
) -> WebhookResponse:
    """The checks in order; nothing is parsed or written before the signature is verified."""
    settings = backend.settings
    if settings.require_https and environ["wsgi.url_scheme"] != "https":
        raise Refused(Refusal.NOT_HTTPS)
    if environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower() != "application/json":
        raise Refused(Refusal.CONTENT_TYPE)
    if environ.get("HTTP_CONTENT_ENCODING", "identity").strip().lower() != "identity":
        raise Refused(Refusal.CONTENT_ENCODING)
    signature = parse(environ.get("HTTP_STRIPE_SIGNATURE"))
    body = await waiting.body(environ, settings.max_body, settings.body_seconds)
    record.bytes = len(body)
    received_seconds = backend.clock()
    record.secret = verify(
        signature,
        body,
        settings.webhook_secrets,
        current_seconds=received_seconds,
        tolerance_seconds=settings.signature_tolerance,
    )
    fact = read_delivery(body, livemode=settings.livemode)
    if isinstance(fact, Event):
        record.event_id, record.event_type = fact.id, fact.type
    received_at = int(received_seconds * 1_000_000)
    delivery = Delivery(body, "webhook", received_at, fact)
    delivery_metrics.schedule_flush()
    appended = await waiting.appended(backend.appender, delivery, APPEND_SECONDS_MAX)
    if appended.was_fetched and isinstance(fact, Event):
        backend.sweeps.note_delivered(fact.id)
    return _acknowledge(delivery, appended, record, backend.settings)


def _acknowledge(
    delivery: Delivery, appended: Appended, record: DeliveryRecord, settings: Settings
) -> WebhookResponse:
    record.outcome, record.reason = appended.status, appended.reason
    record.position, record.conflict = appended.position, appended.conflict
    if appended.status == "stored" and isinstance(delivery.fact, Event):
        record.delay_seconds = max(0.0, delivery.received_at / 1e6 - delivery.fact.created)
        if delivery.fact.thin and not asks_stripe(settings):
            logs.warn_once("thin_event", hint=_THIN_HINT)
    body = msgspec.json.encode(_RECEIPT.dump(appended))
    return WebhookResponse(200, "application/json", body)


def _unavailable(record: DeliveryRecord, reason: UnavailableReason) -> WebhookResponse:
    record.outcome, record.reason = "unavailable", reason.value
    return WebhookResponse.of_problem(problems.UNAVAILABLE)


def _report(record: DeliveryRecord, remote: str | None) -> None:
    """Write the delivery's log line and count it; an unverified sender chose none of the values."""
    delivery_metrics.record(record)
    logs.log.info(
        "delivery",
        request_id=logs.request_id(),
        outcome=record.outcome,
        reason=record.reason,
        secret=record.secret,
        event_id=record.event_id,
        event_type=record.event_type,
        bytes=record.bytes,
        position=record.position,
        ms=round(record.seconds * 1000, 2),
        remote=_ip_address(remote),
    )


@lru_cache(maxsize=1024)
def _ip_address(remote: str | None) -> str | None:
    """The text if it is an IP address: a proxy may pass on whatever the sender claimed to be."""
    try:
        return None if remote is None else str(ipaddress.ip_address(remote))
    except ValueError:
        return None
