"""What our own Stripe answers to a request: who asks, whether they may, and what for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from api.simulator.shapes import Json
from api.simulator.stripe.balance import balance_transactions
from api.simulator.stripe.below import Below, below, retrieve_below
from api.simulator.stripe.endpoints import Endpoints
from api.simulator.stripe.errors import (
    ApiError,
    account_invalid,
    idempotency_reuse,
    invalid_key,
    missing,
    missing_permission,
    unrecognized,
)
from api.simulator.stripe.keys import Key
from api.simulator.stripe.lists import Params, allow_only, created_filter, page
from api.simulator.stripe.platform import Platform, Scope
from api.simulator.stripe.resources import RESOURCES, list_objects, retrieve_object
from api.simulator.versions import API_VERSIONS, api_version

__all__ = ["Answer", "Api", "Request"]


@dataclass(frozen=True, slots=True)
class Request:
    """A request, its parameters decoded from the query or the form."""

    method: str
    path: str
    params: Params
    key: str = ""
    account: str | None = None
    version: str | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and a JSON document, with the headers that not every answer has."""

    status: int
    document: Json
    headers: dict[str, str]


class Api:
    """The routes below /v1, and of v2 the list of event destinations."""

    def __init__(self, platform: Platform, keys: list[Key]) -> None:
        self.platform = platform
        self.endpoints = Endpoints(platform)
        self.keys = {key.secret: key for key in keys}
        # The same key with the same parameters gives the first answer again.
        self._answers: dict[tuple[str, str], tuple[str, Answer]] = {}

    def answer(self, request: Request) -> Answer:
        """The answer to a request; a refusal is one too."""
        try:
            return self._once(request)
        except ApiError as error:
            return Answer(error.status, {"error": error.error}, error.headers)

    def _once(self, request: Request) -> Answer:
        if request.method != "POST" or request.idempotency_key is None:
            return Answer(200, self._document(request), {})
        content = json.dumps([request.path, request.params, request.account], sort_keys=True)
        digest = hashlib.sha256(content.encode()).hexdigest()
        place = (request.key, request.idempotency_key)
        if place in self._answers:
            first, answer = self._answers[place]
            if first != digest:
                raise idempotency_reuse()
            return Answer(answer.status, answer.document, {"Idempotent-Replayed": "true"})
        answer = Answer(200, self._document(request), {})
        self._answers[place] = (digest, answer)
        return answer

    def _document(self, request: Request) -> Json:
        key = self.keys.get(request.key)
        if key is None:
            raise invalid_key(request.key)
        scope = Scope(request.account, key.livemode)
        if not self.platform.is_accessible(scope):
            raise account_invalid(key.secret, str(request.account))
        if request.path == "/v2/core/event_destinations" and request.method == "GET":
            self._check(request, key, "webhook_endpoints")
            return {"data": self.endpoints.destinations, "next_page_url": None}
        if request.path == "/v1/account" and request.method == "GET":
            self._check(request, key, "accounts")
            return self.platform.own_account(scope)
        place = below(request.path)
        if place is not None and request.method == "GET":
            self._check(request, key, place.resource)
            return self._below(request, key, place)
        path, id = _split(request.path)
        if path is None:
            raise unrecognized(request.method, request.path)
        self._check(request, key, path)
        return self._route(request, scope, path, id)

    def _check(self, request: Request, key: Key, path: str) -> None:
        resource = RESOURCES[path]
        kind = "read" if request.method == "GET" else "write"
        permission = f"{resource.permission}_{kind}"
        if not key.has(permission):
            account = request.account or self.platform.id
            name = f"{resource.title} {kind.capitalize()}"
            raise missing_permission(key.secret, account, permission, name)

    def _below(self, request: Request, key: Key, place: Below) -> Json:
        scope = Scope(place.account or request.account, key.livemode)
        if not self.platform.is_accessible(scope):
            raise account_invalid(key.secret, str(scope.account))
        api = api_version(request.version or API_VERSIONS[-1])
        return retrieve_below(self.platform, scope, place, api)

    def _route(self, request: Request, scope: Scope, path: str, id: str | None) -> Json:
        if path == "webhook_endpoints":
            return self._endpoint(request, scope, id)
        if request.method != "GET":
            raise unrecognized(request.method, request.path)
        if path == "events":
            return self._events(request, scope, id)
        api = api_version(request.version or API_VERSIONS[-1])
        if path == "balance_transactions":
            return balance_transactions(self.platform, scope, request.params, id, api)
        if id is not None:
            return retrieve_object(self.platform, scope, path, id, api)
        return list_objects(self.platform, scope, path, request.params, api)

    def _events(self, request: Request, scope: Scope, id: str | None) -> Json:
        events = self.platform.events(scope)
        if id is not None:
            return _one_of(events, id, "event")
        params = request.params
        allow_only(params, ("created", "type", "types", "delivery_success"))
        is_created, types = created_filter(params), _types(params)
        listed = [e for e in events if is_created(e["created"]) and types(e["type"])]
        return page(listed, params, "/v1/events", "event")

    def _endpoint(self, request: Request, scope: Scope, id: str | None) -> Json:
        match request.method, id:
            case "GET", None:
                return self.endpoints.list(scope, request.params)
            case "POST", None:
                return self.endpoints.create(scope, request.params)
            case "GET", str():
                return self.endpoints.retrieve(scope, id)
            case "POST", str():
                return self.endpoints.update(scope, id, request.params)
            case "DELETE", str():
                return self.endpoints.delete(scope, id)
        raise unrecognized(request.method, request.path)


def _split(path: str) -> tuple[str | None, str | None]:
    """The resource of a path and the id behind it; None where there is no such resource."""
    if not path.startswith("/v1/"):
        return None, None
    rest = path.removeprefix("/v1/")
    if rest in RESOURCES:
        return rest, None
    resource, _, id = rest.rpartition("/")
    return (resource, id) if resource in RESOURCES else (None, None)


def _one_of(items: list[Json], id: str, kind: str) -> Json:
    for item in items:
        if item["id"] == id:
            return item
    raise missing(kind, id)


def _types(params: Params) -> Callable[[str], bool]:
    """Whether a type passes `type`, which may end in `.*`, or is among `types`."""
    wanted: Any = params.get("type")
    if wanted is not None:
        prefix, star, _ = wanted.partition("*")
        return lambda name: name.startswith(prefix) if star else name == wanted
    several: Any = params.get("types")
    if several is None:
        return lambda name: True
    names = set(several.values() if isinstance(several, dict) else several)
    return lambda name: name in names
