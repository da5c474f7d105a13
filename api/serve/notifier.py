"""The notifier as a process: what became true is handed to subscribers, behind everything else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

from sqlalchemy import URL

from api.config.databases import stores
from api.config.settings import Settings
from api.notify.addresses import Networks
from api.notify.filling import Filler
from api.notify.handler_pool import HandlerPool
from api.notify.notifier import Notifier
from api.notify.sender import Sender
from api.notify.stores import NotifyStores
from api.serve.loop import run_as_child
from projections import notification_types

__all__ = ["notify"]

# Below the follower: rows first, then who is told of them.
_NICENESS = 12


def notify(settings: Settings, stop: threading.Event) -> None:
    """Hand out notifications until `stop` is set; retry while the database is away."""
    networks = Networks(settings.subscriber_networks)
    with (
        stores(settings) as (ledger, projections),
        closing(NotifyStores.open(ledger, projections, networks=networks)) as opened,
    ):
        opened.create()
        engine = opened.feed.engine
        filler = Filler(opened.feed, opened.subscribers, max_age_seconds=settings.notify_max_age)
        with _handlers(settings, engine.url) as handlers:
            sender = Sender(engine, networks=networks, handlers=handlers)
            leader = projections.leader("notifications")
            Notifier(opened.feed, filler, sender, leader, opened.create).run(stop)


@contextmanager
def _handlers(settings: Settings, url: URL) -> Iterator[HandlerPool | None]:
    """The processes of the handlers that are configured."""
    module = settings.handlers
    if module is None:
        yield None
        return
    with closing(HandlerPool(module, url)) as handlers:
        handlers.start(list(notification_types()))
        yield handlers


if __name__ == "__main__":
    run_as_child(notify, niceness=_NICENESS)
