"""Webhook endpoints at Stripe: registered with their secret kept safe, listed, changed, checked."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec

from api.stripe.client import StripeApi
from api.stripe.event_types import is_known_version, missing_types
from api.stripe.pending import Pending
from api.stripe.refusals import StripeRefused

__all__ = ["Destination", "Endpoint", "Endpoints", "problems_of"]

_PATH = "/v1/webhook_endpoints"
_DESTINATIONS = "/v2/core/event_destinations"
# By this an endpoint is known as made here: Stripe keeps metadata, and shows nobody a secret.
_MADE_BY = {"made_by": "stripe-ledger"}
_LEDGERS_PATH = "/webhooks/stripe"


class Endpoint(msgspec.Struct, frozen=True):
    """An endpoint as Stripe shows it; only the answer that creates it has a secret."""

    id: str
    url: str
    status: str
    enabled_events: list[str]
    livemode: bool
    api_version: str | None = None
    metadata: dict[str, str] = {}
    secret: str | None = None

    def __repr__(self) -> str:
        return f"Endpoint({self.id})"

    @property
    def is_ours(self) -> bool:
        """Whether it was made here, or leads to a ledger by its path."""
        is_made_here = _MADE_BY.items() <= self.metadata.items()
        return is_made_here or urlsplit(self.url).path == _LEDGERS_PATH

    @property
    def is_for_connected_accounts(self) -> bool:
        """Whether it was made for the events of connected accounts, which Stripe does not show."""
        return self.metadata.get("connect") == "true"


class Destination(msgspec.Struct, frozen=True):
    """An event destination of v2; it counts as an endpoint where it leads to a URL."""

    id: str
    name: str
    status: str
    type: str
    event_payload: str
    enabled_events: list[str] = []

    @property
    def is_thin(self) -> bool:
        """Whether its events show no object, and so project nothing."""
        return self.event_payload == "thin"


class _EndpointList(msgspec.Struct):
    data: list[Endpoint]
    has_more: bool


class _DestinationList(msgspec.Struct):
    data: list[Destination]


_endpoint = msgspec.json.Decoder(Endpoint)
_endpoint_list = msgspec.json.Decoder(_EndpointList)
_destination_list = msgspec.json.Decoder(_DestinationList)


class Endpoints:
    """The endpoints of the key's account and mode; every method raises ``StripeRefused``."""

    def __init__(self, api: StripeApi) -> None:
        self._api = api

    def all(self) -> list[Endpoint]:
        """Every endpoint, newest first."""
        endpoints: list[Endpoint] = []
        cursor: dict[str, str] = {}
        while True:
            # At most 16 of a mode; the list's default is ten.
            page = _endpoint_list.decode(self._api.get(_PATH, limit=100, **cursor))
            endpoints += page.data
            if not page.has_more or not page.data:
                return endpoints
            cursor = {"starting_after": page.data[-1].id}

    def destinations(self) -> list[Destination]:
        """The event destinations of v2."""
        return _destination_list.decode(self._api.get(_DESTINATIONS, limit=100)).data

    def create(
        self, url: str, *, connect: bool, types: Sequence[str], version: str, pending: Pending
    ) -> Endpoint:
        """Register an endpoint; its secret is in the result.

        ``pending`` keeps the request's idempotency key until the caller has put the secret where it
        is safe: killed before that, the same call gives the same endpoint with its secret again.
        """
        params = {
            "url": url,
            "enabled_events": list(types),
            "api_version": version,
            "connect": connect,
            "description": "Ledger",
        }
        if not pending.begin({**params, "livemode": self._api.livemode}):
            self._remove_lost(pending.key)
            pending.restart()
        endpoint = self._create(params, pending.key)
        if not self._exists(endpoint.id):
            # Somebody has deleted it since: Stripe repeats its answer all the same.
            pending.restart()
            endpoint = self._create(params, pending.key)
        return endpoint

    def update(self, id: str, changes: Mapping[str, Any]) -> Endpoint:
        """Change an endpoint; its API version and whose events it gets can never change."""
        answer = self._api.post(f"{_PATH}/{id}", changes, idempotency_key=str(uuid.uuid4()))
        return _endpoint.decode(answer)

    def _create(self, params: Mapping[str, Any], key: str) -> Endpoint:
        metadata = {**_MADE_BY, "connect": json.dumps(params["connect"]), "creation": key}
        answer = self._api.post(_PATH, {**params, "metadata": metadata}, idempotency_key=key)
        return _endpoint.decode(answer)

    def _exists(self, id: str) -> bool:
        return any(endpoint.id == id for endpoint in self.all())

    def _remove_lost(self, key: str) -> None:
        """Remove what a creation left whose secret nobody can learn any more."""
        for endpoint in self.all():
            if endpoint.metadata.get("creation") == key:
                self._api.delete(f"{_PATH}/{endpoint.id}")


def problems_of(endpoint: Endpoint) -> list[str]:
    """What is wrong with an endpoint, in a line each."""
    problems = []
    if endpoint.status != "enabled":
        problems.append(
            f"it is {endpoint.status}: Stripe sends nothing. Enable it, then run"
            " `ledger stripe fetch`"
        )
    if missing := missing_types(endpoint.enabled_events):
        names = ", ".join(missing[:5]) + (", …" if len(missing) > 5 else "")
        problems.append(f"it does not send {len(missing)} types that are projected: {names}")
    if endpoint.api_version is not None and not is_known_version(endpoint.api_version):
        problems.append(
            f"its API version {endpoint.api_version} is newer than this ledger: fields that moved"
            " are not read. Make a second endpoint with an older version"
        )
    return problems


def destinations_of(endpoints: Endpoints) -> tuple[list[Destination], StripeRefused | None]:
    """The event destinations; where Stripe refuses to list them, why."""
    try:
        return endpoints.destinations(), None
    except StripeRefused as refused:
        return [], refused
