"""Every HTTP error as an RFC 9457 problem document; none repeats anything of the request."""

from __future__ import annotations

import json
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import Flask, Response, request
from marshmallow import fields
from werkzeug.exceptions import HTTPException

from api.notify.errors import SubscriberRefused, UnknownSubscriber
from api.readers import Busy
from api.resources.schemas import ResponseSchema, integer, text
from api.telemetry import logs
from ledger import LedgerError, StoreUnavailable, UnknownCursor
from projections import Ambiguous, BeyondHead, NotFound, NotReady

CONTENT_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class ProblemType:
    """One kind of error: its name, status, title, and a description for people."""

    name: str
    status: int
    title: str
    description: str
    retry_after_seconds: int | None = None

    @property
    def uri(self) -> str:
        """Its place in the docs page, as a relative reference."""
        return f"/docs#problem-{self.name}"

    @property
    def headers(self) -> dict[str, str]:
        """The headers of every response of this type."""
        seconds = self.retry_after_seconds
        return {} if seconds is None else {"Retry-After": str(seconds)}


NOT_VERIFIED = ProblemType(
    "not-verified",
    400,
    "The delivery could not be verified",
    "The Stripe-Signature header, the signature or its time is wrong. Only the server's log and"
    " metrics say which.",
)
BAD_REQUEST = ProblemType("bad-request", 400, "Bad request", "The request is not well-formed HTTP.")
UNAUTHORIZED = ProblemType(
    "unauthorized",
    401,
    "An API key is needed",
    "Send Authorization: Bearer <key> with a key of LEDGER_API_KEY or of `ledger keys create`.",
)
SCOPE_TOO_SMALL = ProblemType(
    "scope-too-small",
    403,
    "The key's scope is too small",
    "Bodies, Stripe's own objects and every writing route need a key of scope full.",
)
HTTPS_REQUIRED = ProblemType(
    "https-required",
    403,
    "HTTPS is required",
    "This ledger accepts deliveries over HTTPS only: see LEDGER_REQUIRE_HTTPS and"
    " LEDGER_TRUSTED_PROXIES.",
)
NOT_FOUND = ProblemType(
    "not-found",
    404,
    "Not found",
    "There is no such route, or nothing with this id is known (or was, at the requested time).",
)
METHOD_NOT_ALLOWED = ProblemType(
    "method-not-allowed",
    405,
    "Method not allowed",
    "The Allow header lists the methods of this route.",
)
AMBIGUOUS = ProblemType(
    "ambiguous",
    409,
    "The id exists in several accounts or modes",
    "Choose one with ?account= (self for your own account) and ?livemode=.",
)
NOTHING_TO_RETRY = ProblemType(
    "nothing-to-retry",
    409,
    "Nothing is to be retried",
    "No subscriber waits for a next attempt at it, and none was given up: it was delivered, is"
    " being sent, or was never to be handed out.",
)
REBUILD_RUNNING = ProblemType(
    "rebuild-running",
    409,
    "A rebuild of this kind is already running",
    "Its progress is at /v1/projections.",
)
CHECK_RUNNING = ProblemType(
    "check-running", 409, "A check is running", "One at a time; its result is at /v1/projections."
)
STRIPE_NOT_ASKED = ProblemType(
    "stripe-not-asked", 409, "Stripe is not asked", "There is no STRIPE_API_KEY of the right mode."
)
STRIPE_REFUSED = ProblemType(
    "stripe-refused", 502, "Stripe refused", "Its API did not answer with what was asked for."
)
TOO_SLOW = ProblemType(
    "too-slow",
    408,
    "The body took too long",
    "The whole body has to arrive within LEDGER_BODY_SECONDS.",
)
LENGTH_REQUIRED = ProblemType(
    "length-required",
    411,
    "The length is missing",
    "Send Content-Length, or a chunked body to a server that supports chunked requests.",
)
TOO_LARGE = ProblemType("too-large", 413, "The body is too large", "The limit is LEDGER_MAX_BODY.")
UNSUPPORTED_MEDIA_TYPE = ProblemType(
    "unsupported-media-type",
    415,
    "Unsupported media type",
    "A delivery must be application/json without a content encoding.",
)
INVALID_PARAMETERS = ProblemType(
    "invalid-parameters", 422, "A parameter is wrong", "The member errors says which ones and why."
)
BEYOND_HEAD = ProblemType(
    "beyond-head",
    422,
    "The position is beyond the end of the log",
    "at_position is greater than the position of the newest event.",
)
INTERNAL = ProblemType(
    "internal",
    500,
    "Internal error",
    "The server's log has the details, under the request_id.",
)
UNAVAILABLE = ProblemType(
    "unavailable",
    503,
    "Temporarily unavailable",
    "The database is unreachable, locked or full, or the server is overloaded or shutting down.",
    retry_after_seconds=5,
)
BUSY = ProblemType(
    "busy",
    503,
    "Too many requests are being answered",
    "As many requests as the ledger reads for at a time, or lets wait, are there already.",
    retry_after_seconds=1,
)
NOT_CAUGHT_UP = ProblemType(
    "not-caught-up",
    503,
    "The projection has not caught up",
    "It has not read up to the requested position, or is still being built.",
    retry_after_seconds=1,
)

ALL = tuple(value for value in list(globals().values()) if isinstance(value, ProblemType))
_BY_STATUS = {type_.status: type_ for type_ in reversed(ALL)}
_BY_STATUS[400], _BY_STATUS[403] = BAD_REQUEST, SCOPE_TOO_SMALL


class ParameterErrorSchema(ResponseSchema):
    """One wrong parameter of a 422."""

    parameter = text("The parameter's name.")
    message = text("What is wrong with it.")


class ProblemSchema(ResponseSchema):
    """The problem document."""

    type = text("Which problem: a reference into the docs page.", attribute="type.uri")
    title = text("The problem's name for a person.", attribute="type.title")
    status = integer("The HTTP status.", attribute="type.status")
    detail = text("What is known about this occurrence.")
    request_id = text("The id of this request in the server's log.", dump_default=logs.request_id)
    errors = fields.List(
        fields.Nested(ParameterErrorSchema),
        metadata={"description": "For a 422: which parameters are wrong."},
    )


_WITH_ERRORS = ProblemSchema()
_WITHOUT_ERRORS = ProblemSchema(exclude=["errors"])


class Problem(Exception):
    """An error of a request; raised anywhere below a route, it becomes the response."""

    def __init__(
        self,
        type_: ProblemType,
        detail: str | None = None,
        *,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(type_.name)
        self.type = type_
        self.detail = detail or type_.description
        self.errors = errors
        self.headers = dict(headers or {})

    @classmethod
    def parameter(cls, name: str, message: str) -> Problem:
        """A 422 for one wrong parameter."""
        return cls(INVALID_PARAMETERS, errors=[{"parameter": name, "message": message}])

    def document(self) -> bytes:
        """The problem document as JSON."""
        schema = _WITH_ERRORS if self.type.status == 422 else _WITHOUT_ERRORS
        return json.dumps(schema.dump(self)).encode()

    def response(self) -> Response:
        """The problem as a Flask response."""
        response = Response(self.document(), self.type.status, self.type.headers | self.headers)
        response.content_type = CONTENT_TYPE
        return response


def register(app: Flask) -> None:
    """Turn every exception of the application, including Flask's own, into a problem response."""
    app.register_error_handler(Problem, Problem.response)
    app.register_error_handler(LedgerError, _ledger_error)
    app.register_error_handler(Busy, lambda _: Problem(BUSY).response())
    app.register_error_handler(HTTPException, of_http_exception)
    app.register_error_handler(Exception, _unexpected)


def _ledger_error(error: LedgerError) -> Response:
    return _of_ledger_error(error).response()


def _of_ledger_error(error: LedgerError) -> Problem:
    match error:
        case NotFound() | UnknownSubscriber():
            return Problem(NOT_FOUND)
        case SubscriberRefused():
            return Problem.parameter(error.parameter, str(error))
        case Ambiguous():
            return Problem(AMBIGUOUS)
        case BeyondHead():
            errors = [{"parameter": "at_position", "message": "is beyond the head of the log"}]
            return Problem(BEYOND_HEAD, errors=errors)
        case UnknownCursor():
            cursor = "starting_after" if "starting_after" in request.args else "ending_before"
            return Problem.parameter(cursor, "is not an id in this list")
        case NotReady():
            return Problem(NOT_CAUGHT_UP, str(error))
        case StoreUnavailable():
            log_unavailable(error)
            return Problem(UNAVAILABLE)
        case _:
            log_unexpected(error)
            return Problem(INTERNAL)


def of_http_exception(error: HTTPException) -> Response:
    """The problem response to an exception of Flask's own."""
    status = error.code or 500
    if status < 400 and error.response is None:  # a redirect, which no route here uses
        return Problem(NOT_FOUND).response()
    sent = {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After")}
    type_ = _BY_STATUS.get(status) or ProblemType("http", status, error.name, error.name)
    return Problem(type_, headers=sent).response()


def _unexpected(error: Exception) -> Response:
    log_unexpected(error)
    return Problem(INTERNAL).response()


def log_unavailable(error: StoreUnavailable) -> None:
    """Log why the store is unavailable, in our words and the driver's, which hold no data."""
    logs.log.warning("store_unavailable", request_id=logs.request_id(), error=str(error))


def log_unexpected(error: BaseException) -> None:
    """Log an error's type and place; never its text, which may hold a payload."""
    frames = traceback.extract_tb(error.__traceback__)
    logs.log.error(
        "unexpected_error",
        request_id=logs.request_id(),
        error_type=type(error).__qualname__,
        traceback=[f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in frames],
    )
