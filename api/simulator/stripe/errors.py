"""What Stripe answers when it refuses: the status, and an error in its words."""

from __future__ import annotations

from typing import Any

__all__ = [
    "ApiError",
    "account_invalid",
    "idempotency_reuse",
    "invalid",
    "invalid_key",
    "missing",
    "missing_permission",
    "rate_limited",
    "unrecognized",
]


class ApiError(Exception):
    """A refusal: its HTTP status, its headers, and the JSON below `error`."""

    def __init__(self, status: int, error: dict[str, Any], **headers: str) -> None:
        super().__init__(error["message"])
        self.status = status
        self.error = error
        self.headers = {name.replace("_", "-"): text for name, text in headers.items()}


def _refusal(status: int, message: str, **more: Any) -> ApiError:
    return ApiError(status, {"message": message, "type": "invalid_request_error", **more})


def invalid(message: str, param: str | None = None, code: str | None = None) -> ApiError:
    """A parameter is wrong."""
    return _refusal(400, message, **{k: v for k, v in (("param", param), ("code", code)) if v})


def missing(kind: str, id: str, param: str = "id", status: int = 404) -> ApiError:
    """There is no such object; a cursor that names none is a wrong parameter."""
    message = f"No such {kind}: '{id}'"
    return _refusal(status, message, code="resource_missing", param=param)


def unrecognized(method: str, path: str) -> ApiError:
    """There is no such route."""
    return _refusal(404, f"Unrecognized request URL ({method}: {path}).")


def invalid_key(key: str) -> ApiError:
    """The key is none, or was revoked."""
    if not key:
        return _refusal(401, "You did not provide an API key.")
    return _refusal(401, f"Invalid API Key provided: {_masked(key)}")


def missing_permission(key: str, account: str, permission: str, name: str) -> ApiError:
    """A restricted key lacks a permission; since 2026 Stripe also says what it is called."""
    return _refusal(
        403,
        f"The provided key '{_masked(key)}' does not have the required permissions for this"
        f" endpoint on account '{account}'. Enabling {name} ('{permission}') permissions on this"
        " key would allow this request to continue.",
    )


def account_invalid(key: str, account: str) -> ApiError:
    """The account is not connected, or is no longer."""
    return _refusal(
        403,
        f"The provided key '{_masked(key)}' does not have access to account '{account}' (or that"
        " account does not exist). Application access may have been revoked.",
        code="account_invalid",
    )


def idempotency_reuse() -> ApiError:
    """An idempotency key came again with other parameters."""
    message = (
        "Keys for idempotent requests can only be used with the same parameters they were first"
        " used with."
    )
    return ApiError(400, {"message": message, "type": "idempotency_error"})


def rate_limited(retry_after_seconds: int | None) -> ApiError:
    """Too many requests."""
    error = {
        "message": "Request rate limit exceeded. Learn more about rate limits"
        " https://stripe.com/docs/rate-limits.",
        "type": "invalid_request_error",
        "code": "rate_limit",
    }
    if retry_after_seconds is None:
        return ApiError(429, error)
    return ApiError(429, error, Retry_After=str(retry_after_seconds))


def _masked(key: str) -> str:
    """A key as Stripe's messages show it: never whole, but enough of it to be no text for a log."""
    return f"{key[:8]}{'*' * max(0, len(key) - 12)}{key[-4:]}"
