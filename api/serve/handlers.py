"""The module of handlers, before anything starts: what is wrong with it is one line."""

from __future__ import annotations

from contextlib import closing

from api.config.databases import stores
from api.config.settings import Settings
from api.notify.handler_pool import patterns_of
from api.notify.stores import NotifyStores
from projections import notification_types

__all__ = ["subscribe_handlers"]


def subscribe_handlers(settings: Settings) -> None:
    """Make a subscriber of each handler that is new: it is handed what comes from here on.

    Raises ``HandlersRefused`` where the configured module cannot be used.
    """
    if settings.handlers is None:
        return
    with (
        stores(settings) as (ledger, projections),
        closing(NotifyStores.open(ledger, projections)) as opened,
    ):
        opened.create()
        url = opened.feed.engine.url
        for pattern in patterns_of(settings.handlers, url, list(notification_types())):
            opened.subscribers.add_handler(pattern)
