"""Webhook endpoints of our own Stripe: registered, changed and removed over its API."""

from __future__ import annotations

import re
from collections.abc import Mapping
from random import Random
from typing import Any

from api.simulator.ids import Ids
from api.simulator.shapes import Json
from api.simulator.stripe.errors import invalid, missing
from api.simulator.stripe.lists import Params, page
from api.simulator.stripe.platform import Platform, Scope

__all__ = ["Endpoints"]

_COUNT_MAX = 16
_UPDATABLE = ("url", "enabled_events", "description", "metadata", "disabled")
_CREATABLE = ("url", "enabled_events", "description", "metadata", "api_version", "connect")


class Endpoints:
    """The endpoints of every scope. A secret is in the answer that creates one, and in no other."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._ids = Ids(Random("endpoints"), lambda: int(platform.clock()))
        self._endpoints: dict[Scope, dict[str, Json]] = {}
        self.destinations: list[Json] = []
        """Event destinations of v2, which are made elsewhere."""

    def list(self, scope: Scope, params: Params) -> Json:
        """A page of them, newest first."""
        items = list(reversed(self._of(scope).values()))
        return page(items, params, "/v1/webhook_endpoints", "webhook_endpoint")

    def retrieve(self, scope: Scope, id: str) -> Json:
        """One of them."""
        if id not in self._of(scope):
            raise missing("webhook_endpoint", id, "webhook_endpoint")
        return self._of(scope)[id]

    def create(self, scope: Scope, params: Params) -> Json:
        """Register one; the answer has its secret."""
        _allow(params, _CREATABLE)
        mode = "live" if scope.livemode else "test"
        if len(self._of(scope)) >= _COUNT_MAX:
            raise invalid(f"You have reached the maximum of {_COUNT_MAX} {mode} webhook endpoints.")
        for name in ("url", "enabled_events"):
            if name not in params:
                raise invalid(f"Missing required param: {name}.", name, "parameter_missing")
        endpoint: Json = {
            "id": self._ids.new("we"),
            "object": "webhook_endpoint",
            "api_version": params.get("api_version"),
            "application": "ca_simulated" if params.get("connect") == "true" else None,
            "created": int(self._platform.clock()),
            "description": params.get("description"),
            "enabled_events": _events(params["enabled_events"]),
            "livemode": scope.livemode,
            "metadata": dict(params.get("metadata") or {}),
            "status": "enabled",
            "url": _url(params["url"], scope.livemode),
        }
        self._of(scope)[endpoint["id"]] = endpoint
        return {**endpoint, "secret": f"whsec_{self._ids.text(32)}"}

    def update(self, scope: Scope, id: str, params: Params) -> Json:
        """Change one; its API version and whose events it gets never change."""
        endpoint = self.retrieve(scope, id)
        _allow(params, _UPDATABLE)
        if "url" in params:
            endpoint["url"] = _url(params["url"], scope.livemode)
        if "enabled_events" in params:
            endpoint["enabled_events"] = _events(params["enabled_events"])
        if "description" in params:
            endpoint["description"] = params["description"]
        if "metadata" in params:
            endpoint["metadata"] |= params["metadata"]
        if "disabled" in params:
            endpoint["status"] = "disabled" if params["disabled"] == "true" else "enabled"
        return endpoint

    def delete(self, scope: Scope, id: str) -> Json:
        """Remove one."""
        self.retrieve(scope, id)
        del self._of(scope)[id]
        return {"id": id, "object": "webhook_endpoint", "deleted": True}

    def disable(self, id: str) -> None:
        """Let Stripe disable one, as it does where deliveries fail for days."""
        for endpoints in self._endpoints.values():
            if id in endpoints:
                endpoints[id]["status"] = "disabled"

    def _of(self, scope: Scope) -> dict[str, Json]:
        return self._endpoints.setdefault(scope, {})


def _allow(params: Mapping[str, Any], names: tuple[str, ...]) -> None:
    for name in params:
        if name not in names:
            raise invalid(f"Received unknown parameter: {name}", name, "parameter_unknown")


def _url(text: str, livemode: bool) -> str:
    if not re.match(r"https://." if livemode else r"https?://.", text):
        raise invalid(f"Invalid URL: {text} must be an https URL", "url", "url_invalid")
    return text


def _events(value: Any) -> list[str]:
    types = list(value.values()) if isinstance(value, dict) else list(value)
    if not types:
        raise invalid("Invalid array", "enabled_events")
    return types
