"""``POST /webhooks/stripe``: from bytes of a stranger to a fact in the log, check by check."""

from __future__ import annotations

import ipaddress
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from api import problems
from api.backend import Backend
from api.ingest.body import Refusal, Refused, read_body
from api.ingest.signature import NotVerified, parse, verify
from api.problems import Problem, ProblemType
from api.telemetry import delivery_metrics as tally
from api.telemetry import logs
from api.telemetry.delivery_metrics import Noted
from ledger import Delivery, Event, QueueFull, StoreUnavailable, read_delivery

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

PATH = "/webhooks/stripe"

# With what comes before and after, a request that reached the appender stays under 5 s.
APPEND_SECONDS_MAX = 4.5


class Delay(StrEnum):
    """Why a good delivery is sent back for later; Stripe tries again."""

    DRAINING = "draining"
    QUEUE_FULL = "queue_full"
    STORE = "store_unavailable"
    TIMED_OUT = "timed_out"
    UNEXPECTED = "unexpected"


@dataclass(slots=True)
class Account:
    """What the log and the metrics will say of one delivery: enums, numbers, what was validated."""

    outcome: str = "refused"
    reason: str | None = None
    secret: str | None = None
    event_id: str | None = None
    event_type: str | None = None
    bytes: int | None = None
    position: int | None = None
    conflict: bool = False
    delay_seconds: float | None = None


class Answer(NamedTuple):
    """What is sent back, beside what every answer carries."""

    status: int
    content_type: str
    body: bytes
    headers: Mapping[str, str] = MappingProxyType({})

    @classmethod
    def of(cls, type_: ProblemType) -> Answer:
        """A refusal."""
        document = Problem(type_).document()
        return cls(type_.status, problems.CONTENT_TYPE, document, type_.headers)


def receive(backend: Backend, environ: WSGIEnvironment, is_draining: Callable[[], bool]) -> Answer:
    """Take one delivery. Whatever happens, the answer is never a 5xx but 503.

    It knows WSGI alone: a framework's way to a view and back took about a quarter of the time.
    """
    started = time.perf_counter()
    account = Account()
    try:
        answer = _accept(backend, environ, is_draining, account)
    except Refused as refused:
        account.reason = refused.reason.value
        answer = Answer.of(refused.type)
    except NotVerified as refused:
        account.reason = refused.fault.value
        answer = Answer.of(problems.NOT_VERIFIED)
    except QueueFull:
        answer = _later(account, Delay.QUEUE_FULL)
    except StoreUnavailable as error:
        problems.log_unavailable(error)
        answer = _later(account, Delay.STORE)
    except TimeoutError:
        answer = _later(account, Delay.TIMED_OUT)
    except Exception as error:
        problems.log_unexpected(error)
        answer = _later(account, Delay.UNEXPECTED)
    try:
        _tell(account, time.perf_counter() - started, environ.get("REMOTE_ADDR"))
    except Exception as error:
        # What is durable is acknowledged, whether or not it can be told of.
        warnings.warn(f"a delivery was not logged: {type(error).__name__}", stacklevel=1)
    return answer


def _accept(
    backend: Backend,
    environ: WSGIEnvironment,
    is_draining: Callable[[], bool],
    account: Account,
) -> Answer:
    """The checks in their order; nothing is parsed or written before the signature fits."""
    settings = backend.settings
    if settings.require_https and environ["wsgi.url_scheme"] != "https":
        raise Refused(Refusal.NOT_HTTPS)
    if environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower() != "application/json":
        raise Refused(Refusal.CONTENT_TYPE)
    if environ.get("HTTP_CONTENT_ENCODING", "identity").strip().lower() != "identity":
        raise Refused(Refusal.CONTENT_ENCODING)
    signature = parse(environ.get("HTTP_STRIPE_SIGNATURE"))
    body = read_body(environ, settings.max_body)
    account.bytes = len(body)
    now = backend.clock()
    account.secret = verify(
        signature,
        body,
        settings.webhook_secrets,
        now=now,
        tolerance_seconds=settings.signature_tolerance,
    )
    fact = read_delivery(body, livemode=settings.livemode)
    if isinstance(fact, Event):
        account.event_id, account.event_type = fact.id, fact.type
    # Only here, after the signature: a forger learns nothing of how the server is.
    if is_draining():
        return _later(account, Delay.DRAINING)
    return _append(backend, Delivery(body, "webhook", int(now * 1_000_000), fact), account)


def _append(backend: Backend, delivery: Delivery, account: Account) -> Answer:
    tally.waits()
    appended = backend.appender.submit(delivery).result(APPEND_SECONDS_MAX)
    account.outcome, account.reason = appended.status, appended.reason
    account.position, account.conflict = appended.position, appended.conflict
    if appended.status == "stored" and isinstance(delivery.fact, Event):
        account.delay_seconds = max(0.0, delivery.received_at / 1e6 - delivery.fact.created)
    receipt = {
        "status": appended.status,
        "position": appended.position,
        "request_id": logs.request_id(),
    }
    return Answer(200, "application/json", msgspec.json.encode(receipt))


def _later(account: Account, delay: Delay) -> Answer:
    account.outcome, account.reason = "unavailable", delay.value
    return Answer.of(problems.UNAVAILABLE)


def _tell(account: Account, seconds: float, remote: str | None) -> None:
    """One line and the metrics; nothing in them was chosen by an unverified sender."""
    tally.note(
        Noted(
            account.outcome,
            account.reason or "",
            account.secret,
            account.bytes or 0,
            seconds,
            account.delay_seconds,
            account.conflict,
        )
    )
    logs.log.info(
        "delivery",
        request_id=logs.request_id(),
        outcome=account.outcome,
        reason=account.reason,
        secret=account.secret,
        event_id=account.event_id,
        event_type=account.event_type,
        bytes=account.bytes,
        position=account.position,
        ms=round(seconds * 1000, 2),
        remote=_address(remote),
    )


@lru_cache(maxsize=1024)
def _address(remote: str | None) -> str | None:
    """The sender's, where it is one: a proxy may pass on whatever a sender said it was."""
    try:
        return None if remote is None else str(ipaddress.ip_address(remote))
    except ValueError:
        return None
