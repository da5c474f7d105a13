"""A sample: what a subscriber is sent to try it out, as a notification is, and never recorded."""

from __future__ import annotations

import secrets
import time
from contextlib import closing
from dataclasses import replace
from typing import Any

from api.notify.addresses import Networks
from api.notify.errors import SubscriberRefused
from api.notify.filling import body_of
from api.notify.http import Answer, Http
from api.notify.stores import NotifyStores
from api.notify.subscribers import Subscriber
from projections import (
    Cause,
    Notification,
    NotificationFilter,
    NotificationPage,
    notification_types,
)

__all__ = ["send_sample"]


def send_sample(notify: NotifyStores, subscriber: Subscriber, networks: Networks) -> Answer:
    """Send a subscriber the newest notification it wants, or a made-up one where there is none.

    Its id begins with `ntf_sample_` and is new each time, so that nobody takes it for the real one.
    Raises ``SubscriberRefused`` for a handler, and where there is no secret to sign with.
    """
    if subscriber.url is None:
        raise SubscriberRefused("a handler is not sent anything", parameter="url")
    signing = notify.subscribers.secrets(subscriber.id)
    if not signing:
        raise SubscriberRefused(
            f"{subscriber.id} has no secret: rotate it first", parameter="secret"
        )
    notification, row = _newest(notify, subscriber)
    sample = replace(notification, id=f"ntf_sample_{secrets.token_hex(8)}")
    with closing(Http(networks)) as http:
        return http.post(subscriber.url, signing, sample.id, body_of(sample, row))


def _newest(
    notify: NotifyStores, subscriber: Subscriber
) -> tuple[Notification, dict[str, Any] | None]:
    types = [type for type in notification_types() if subscriber.wants(type)]
    page = notify.feed.list(NotificationFilter(types=types), NotificationPage(1))
    if page.items:
        [row] = notify.feed.rows(page.items)
        return page.items[0], row
    return _made_up(types[0]), None


def _made_up(type: str) -> Notification:
    created = int(time.time())
    return Notification(
        id="",
        type=type,
        kind="",
        object_id="",
        account=None,
        livemode=False,
        position=0,
        place=0,
        ordinal=1,
        late=False,
        holds=True,
        cause=Cause("evt_sample", "ledger.sample", created, 0),
        row=b"",
        source="webhook",
        created=created,
        received_at=created * 1_000_000,
        is_first=True,
        object_created=None,
    )
