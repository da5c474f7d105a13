"""Everything that can go wrong over HTTP, as RFC 9457 problems; nothing of the sender's in them."""

from __future__ import annotations

import json
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from api.telemetry import logs
from ledger import LedgerError, StoreUnavailable, UnknownCursor
from projections import Ambiguous, BeyondHead, NotFound, NotReady

CONTENT_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class ProblemType:
    """One rule that can be broken: its name, its status, what a person should know."""

    name: str
    status: int
    title: str
    about: str
    retry_after_seconds: int | None = None

    @property
    def uri(self) -> str:
        """Where the docs page explains it."""
        return f"/docs#problem-{self.name}"

    @property
    def headers(self) -> dict[str, str]:
        """What goes with every answer of this type."""
        seconds = self.retry_after_seconds
        return {} if seconds is None else {"Retry-After": str(seconds)}


NOT_VERIFIED = ProblemType(
    "not-verified",
    400,
    "The delivery could not be verified",
    "The Stripe-Signature header, the signature or its time is wrong. Which of them is only in"
    " the server's log and metrics.",
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
    "The key's scope does not reach",
    "Bodies, Stripe's own objects and every route that writes need a key of scope full.",
)
HTTPS_REQUIRED = ProblemType(
    "https-required",
    403,
    "HTTPS is required",
    "This ledger takes deliveries over HTTPS only (LEDGER_REQUIRE_HTTPS, LEDGER_TRUSTED_PROXIES).",
)
NOT_FOUND = ProblemType(
    "not-found", 404, "Not found", "There is no such route, or nothing by that id was known."
)
METHOD_NOT_ALLOWED = ProblemType(
    "method-not-allowed", 405, "Method not allowed", "The Allow header names the right ones."
)
AMBIGUOUS = ProblemType(
    "ambiguous",
    409,
    "The id exists in several accounts or modes",
    "Say which one with ?account= (self for the own account) and ?livemode=.",
)
REBUILD_RUNNING = ProblemType(
    "rebuild-running",
    409,
    "A rebuild of this kind runs already",
    "Its progress is at /v1/projections.",
)
LENGTH_REQUIRED = ProblemType(
    "length-required",
    411,
    "The length is missing",
    "Send Content-Length, or a chunked body to a server that ends chunked bodies itself.",
)
TOO_LARGE = ProblemType("too-large", 413, "The body is too large", "The limit is LEDGER_MAX_BODY.")
UNSUPPORTED_MEDIA_TYPE = ProblemType(
    "unsupported-media-type",
    415,
    "Unsupported media type",
    "A delivery is application/json without a content encoding.",
)
INVALID_PARAMETERS = ProblemType(
    "invalid-parameters", 422, "A parameter is wrong", "The member errors says which and why."
)
BEYOND_HEAD = ProblemType(
    "beyond-head",
    422,
    "The log does not reach that far",
    "at_position is greater than the position of the newest event.",
)
INTERNAL = ProblemType(
    "internal",
    500,
    "Something went wrong here",
    "The server's log tells more under the request_id.",
)
UNAVAILABLE = ProblemType(
    "unavailable",
    503,
    "Not available now",
    "The store is out of reach, locked or full, the server is overloaded or shutting down.",
    retry_after_seconds=5,
)
NOT_CAUGHT_UP = ProblemType(
    "not-caught-up",
    503,
    "The projection is not there yet",
    "It has not read as far as asked, or is being built.",
    retry_after_seconds=1,
)

ALL = tuple(value for value in list(globals().values()) if isinstance(value, ProblemType))
_OF_STATUS = {type_.status: type_ for type_ in reversed(ALL)}
_OF_STATUS[400], _OF_STATUS[403] = BAD_REQUEST, SCOPE_TOO_SMALL


class Problem(Exception):
    """Raised anywhere below a route; answered as one problem document."""

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
        self.detail = detail or type_.about
        self.errors = errors
        self.headers = dict(headers or {})

    @classmethod
    def parameter(cls, name: str, message: str) -> Problem:
        """One wrong parameter."""
        return cls(INVALID_PARAMETERS, errors=[{"parameter": name, "message": message}])

    def document(self) -> bytes:
        """The body that tells of it."""
        document: dict[str, Any] = {
            "type": self.type.uri,
            "title": self.type.title,
            "status": self.type.status,
            "detail": self.detail,
            "request_id": logs.request_id(),
        }
        if self.type.status == 422:
            document["errors"] = list(self.errors)
        return json.dumps(document).encode()

    def response(self) -> Response:
        """The problem as it goes over the wire."""
        response = Response(self.document(), self.type.status, self.type.headers | self.headers)
        response.content_type = CONTENT_TYPE
        return response


def register(app: Flask) -> None:
    """Answer every exception of the application, Flask's own included, as a problem."""
    app.register_error_handler(Problem, Problem.response)
    app.register_error_handler(LedgerError, _ledger_error)
    app.register_error_handler(HTTPException, _http_exception)
    app.register_error_handler(Exception, _unexpected)


def _ledger_error(error: LedgerError) -> Response:
    return _of_ledger_error(error).response()


def _of_ledger_error(error: LedgerError) -> Problem:
    match error:
        case NotFound():
            return Problem(NOT_FOUND)
        case Ambiguous():
            return Problem(AMBIGUOUS)
        case BeyondHead():
            errors = [{"parameter": "at_position", "message": "is beyond the head of the log"}]
            return Problem(BEYOND_HEAD, errors=errors)
        case UnknownCursor():
            cursor = "starting_after" if "starting_after" in request.args else "ending_before"
            return Problem.parameter(cursor, "is no id of this list")
        case NotReady():
            return Problem(NOT_CAUGHT_UP)
        case StoreUnavailable():
            log_unavailable(error)
            return Problem(UNAVAILABLE)
        case _:
            log_unexpected(error)
            return Problem(INTERNAL)


def _http_exception(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400 and error.response is None:  # a redirect: nothing here asks for one
        return Problem(NOT_FOUND).response()
    kept = {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After")}
    type_ = _OF_STATUS.get(status) or ProblemType("http", status, error.name, error.name)
    return Problem(type_, headers=kept).response()


def _unexpected(error: Exception) -> Response:
    log_unexpected(error)
    return Problem(INTERNAL).response()


def log_unavailable(error: StoreUnavailable) -> None:
    """Why the store cannot serve now; its text is ours and the driver's first line, no data."""
    logs.log.warning("store_unavailable", request_id=logs.request_id(), error=str(error))


def log_unexpected(error: BaseException) -> None:
    """Where it happened and what kind it was; never its text, which may hold a payload."""
    frames = traceback.extract_tb(error.__traceback__)
    logs.log.error(
        "unexpected_error",
        request_id=logs.request_id(),
        error_type=type(error).__qualname__,
        traceback=[f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in frames],
    )
