"""Where things are in the console, and in Stripe's own Dashboard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

__all__ = ["dashboard_url", "event_path", "row_path", "with_query"]

_DASHBOARD = "https://dashboard.stripe.com"
# Where the Dashboard has a page for an object: by the prefix of its id.
_DASHBOARD_PAGES = {
    "pi": "payments", "ch": "payments", "py": "payments", "cus": "customers",
    "sub": "subscriptions", "in": "invoices", "po": "payouts", "acct": "connect/accounts",
    "prod": "products", "price": "prices", "evt": "events", "sub_sched": "subscription_schedules",
}  # fmt: skip


def row_path(kind: str, id: str, row: Mapping[str, Any]) -> str:
    """The page of a row of the same account and mode as another."""
    query = {}
    if "livemode" in row:
        query = {
            "account": row.get("account") or "self",
            "livemode": "true" if row["livemode"] else "false",
        }
    return with_query(f"/{kind}/{quote(id, safe='')}", query)


def event_path(id: str) -> str:
    """The page of an event."""
    return f"/events/{quote(id, safe='')}"


def with_query(path: str, query: Mapping[str, Any]) -> str:
    """A path with the parameters that are not None."""
    texts = {name: value for name, value in query.items() if value is not None}
    return f"{path}?{urlencode(texts)}" if texts else path


def dashboard_url(id: str, account: str | None, livemode: bool) -> str | None:
    """Where Stripe's Dashboard shows an object; None for what has no page there."""
    page = _DASHBOARD_PAGES.get(id.rpartition("_")[0])
    if page is None:
        return None
    parts = [_DASHBOARD, *([account] if account else []), *([] if livemode else ["test"])]
    return "/".join([*parts, page, quote(id, safe="")])
