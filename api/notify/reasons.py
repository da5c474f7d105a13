"""Why an attempt failed, in a line: without the URL, which may have a secret of the receiver's."""

from __future__ import annotations

import ssl

import requests
from urllib3.exceptions import HTTPError

__all__ = ["reason_of"]

_CHARACTERS_MAX = 200


def reason_of(error: BaseException) -> str:
    """The innermost reason of an error of requests, urllib3 or the system."""
    innermost = _innermost(error)
    if isinstance(innermost, ssl.SSLError):
        reason = f"TLS: {getattr(innermost, 'verify_message', '') or innermost.reason or innermost}"
    elif isinstance(innermost, OSError) and innermost.strerror:
        reason = f"no connection: {innermost.strerror}"
    elif isinstance(error, requests.Timeout | TimeoutError):
        reason = "no answer in time"
    elif isinstance(innermost, requests.RequestException | HTTPError | ValueError):
        reason = f"no answer: {type(innermost).__name__}"
    else:
        reason = f"no answer: {type(innermost).__name__}: {innermost}"
    return reason.replace("\0", "\ufffd")[:_CHARACTERS_MAX]


def _innermost(error: BaseException) -> BaseException:
    seen: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in seen:
        seen.append(following)
        following = _cause(following)
    return seen[-1]


def _cause(error: BaseException) -> BaseException | None:
    """What an error says was before it: requests and urllib3 wrap in arguments, not in causes."""
    reason = getattr(error, "reason", None)
    wrapped = [each for each in (reason, *error.args) if isinstance(each, BaseException)]
    return wrapped[0] if wrapped else error.__cause__
