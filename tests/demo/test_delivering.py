"""The demo's deliveries: signed as Stripe signs, out of order, duplicated, forged."""

from __future__ import annotations

import stripe

from api.demo.deliveries import deliveries
from api.simulator import body, histories, sign

EVENTS = [event for history in histories(1, 20) for event in history.events]
SECRET = "whsec_of_this_test_only"


def test_stripes_own_library_accepts_the_signature() -> None:
    """Stripe's library accepts the signature header of a signed body."""
    sent = body(EVENTS[0])

    event = stripe.Webhook.construct_event(sent, sign(sent, SECRET, 2**31), SECRET)

    assert event.id == EVENTS[0]["id"]


def test_in_order_and_once_by_default() -> None:
    """Without options every event is delivered once, in the order it happened."""
    sent = deliveries(EVENTS, seed=1, shuffle=0, duplicate=0, tamper=0)

    assert [d.body for d in sent] == [body(e) for e in EVENTS]


def test_shuffled_deliveries_are_all_there_in_another_order() -> None:
    """Shuffling loses nothing, repeats nothing, and changes the order."""
    sent = [d.body for d in deliveries(EVENTS, seed=1, shuffle=9, duplicate=0, tamper=0)]
    in_order = [body(e) for e in EVENTS]

    assert sorted(sent) == sorted(in_order)
    assert sent != in_order


def test_duplicates_are_equal_to_the_byte() -> None:
    """At a hundred percent every event is delivered twice, with the same bytes."""
    sent = [d.body for d in deliveries(EVENTS, seed=1, shuffle=5, duplicate=100, tamper=0)]

    assert len(sent) == 2 * len(EVENTS)
    assert set(sent) == {body(e) for e in EVENTS}


def test_a_forgery_bears_the_signature_of_another_body() -> None:
    """The altered body is posted beside the original one, never instead of it."""
    sent = list(deliveries(EVENTS, seed=1, shuffle=0, duplicate=0, tamper=100))
    forged = [d for d in sent if d.signed is not None]

    assert len(forged) == len(EVENTS)
    assert all(d.body != d.signed for d in forged)
    assert [d.body for d in sent if d.signed is None] == [body(e) for e in EVENTS]
