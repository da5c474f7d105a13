"""Every page of the console, for the rows that a ledger has."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote, urlencode

from tests.api.client import ApiClient

__all__ = ["paths"]

_NO_PAGES = ("/static/", "/sign-in")


def paths(client: ApiClient, *, each: int = 2) -> Iterator[str]:
    """The paths of all pages; of those of a row or an event, for so many of them."""
    for rule in client.app.url_map.iter_rules():
        if not rule.endpoint.startswith("console.") or "GET" not in (rule.methods or ()):
            continue
        if rule.rule.startswith(_NO_PAGES):
            continue
        if rule.rule == "/find":
            yield "/find?id=nothing"
        elif rule.rule == "/docs/try":
            yield "/docs/try?" + urlencode({"path": "/v1/orders", "send": 1, "query.limit": 3})
        elif "<" not in rule.rule:
            yield rule.rule
        else:
            yield from _of_items(client, rule.rule, each)
    yield "/?whole=1"
    yield "/search?q=nothing"


def _of_items(client: ApiClient, rule: str, each: int) -> Iterator[str]:
    resource = rule.split("/")[1]
    for item in client.items(f"/v1/{resource}?limit={each}"):
        path = rule.replace("<id:id>", quote(item["id"], safe=""))
        if resource in client.kinds:
            scope = {
                "account": item["account"] or "self",
                "livemode": str(item["livemode"]).lower(),
            }
            path = f"{path}?{urlencode(scope)}"
        yield path
