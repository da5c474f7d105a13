"""What handing out needs, opened together: the feed, and the facts about who was handed what."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import inspect

from api.notify.addresses import Networks
from api.notify.attempts import Attempts
from api.notify.deliveries import Deliveries
from api.notify.subscribers import Subscribers
from api.notify.tables import SUBSCRIBERS, create_tables
from ledger import Ledger
from ledger.database import read_transaction
from projections import Feed, Projections, notification_types

__all__ = ["NotifyStores"]


@dataclass(frozen=True, slots=True)
class NotifyStores:
    """The feed and the tables beside it, in one database."""

    feed: Feed
    subscribers: Subscribers
    deliveries: Deliveries
    attempts: Attempts

    @classmethod
    def open(
        cls, ledger: Ledger, projections: Projections, *, networks: Networks | None = None
    ) -> NotifyStores:
        """Those of a ledger; ``networks`` are where URLs may lead beside public addresses."""
        feed = Feed.open(ledger, projections)
        subscribers = Subscribers(
            feed.engine,
            head=lambda: ledger.log.head().position,
            types=list(notification_types()),
            networks=networks,
        )
        return cls(feed, subscribers, Deliveries(feed.engine), Attempts(feed.engine))

    def create(self) -> None:
        """Make the tables that are missing; safe from many processes at once."""
        self.feed.create()
        create_tables(self.feed.engine)

    def exist(self) -> bool:
        """Whether the tables are there; a file is not made for it."""
        url = self.feed.engine.url
        if url.get_backend_name() == "sqlite" and not Path(str(url.database)).is_file():
            return False
        with read_transaction(self.feed.engine) as connection:
            # They are made after the feed's.
            return inspect(connection).has_table(SUBSCRIBERS.name)

    def close(self) -> None:
        """Give the connections back."""
        self.feed.close()
