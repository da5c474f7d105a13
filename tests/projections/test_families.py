"""Kinds that read the same objects share their states: stored once, and all rows drawn from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.simulator import story
from ledger import Log, RecordedEvent
from ledger.database import read_transaction
from projections import KINDS, Field, Kind, NotReady, Projections, Type
from projections.rows.aggregate import Aggregate
from projections.rows.family import families
from tests.projections.cases import event, intent, payout
from tests.projections.conftest import Opened
from tests.projections.histories import Json, Store, differing, rows, unique
from tests.projections.laws import a_history, law
from tests.projections.payouts import described, paid, spoil, table_of

REFUNDED = "order_with_3ds_and_partial_refund"


def _twice(aggregate: Aggregate) -> int:
    return 2 * int(aggregate.values.get("amount") or 0)


TWICE = Field("twice", Type.INTEGER, "The amount, twice.", derive=_twice)


def with_one_more_derivation(kind: str = "payouts") -> Mapping[str, Kind]:
    """The kinds as code would declare them that derives one more field of what it has."""
    return {**KINDS, kind: replace(KINDS[kind], fields=(*KINDS[kind].fields, TWICE))}


@contextmanager
def events_read() -> Iterator[list[RecordedEvent]]:
    """All events that are read from the log inside, in ranges."""
    read: list[RecordedEvent] = []
    scan = Log.scan

    def scanning(self: Log, *arguments: object) -> list[RecordedEvent]:
        events = scan(self, *arguments)  # type: ignore[arg-type]
        read.extend(events)
        return events

    with patch.object(Log, "scan", scanning):
        yield read


def stores(projections: Projections) -> set[str]:
    """The names of all stores there are."""
    catalog = projections.catalog
    with read_transaction(catalog.engine) as connection:
        named = (catalog.store_of(connection, name) for name in catalog.checkpoints(connection))
        return {name for name in named if name is not None}


def test_they_are_derived() -> None:
    """Each kind is in one family, whose first kind reads all that the others do."""
    derived = families(KINDS.values())

    assert sorted(kind.name for family in derived for kind in family.kinds) == sorted(KINDS)
    for family in derived:
        assert {kind.store for kind in family.kinds} == {family.fingerprint}
        for kind in family.kinds:
            assert kind.objects.items() <= family.objects.items()
    shared = {family.name: {k.name for k in family.kinds} for family in derived if family.kinds[1:]}
    assert shared == {"orders": {"orders", "refunds", "disputes", "early_fraud_warnings"}}


def test_what_is_read_and_what_is_derived_have_fingerprints_of_their_own() -> None:
    """A derivation renews its kind; a read renews the states, and all that are drawn from them."""
    derives = {kind.name: kind for family in families(with_one_more_derivation("orders").values())
               for kind in family.kinds}  # fmt: skip
    read = replace(KINDS["refunds"].members[0], ignored_types=frozenset({"nothing"}))
    reads = families({**KINDS, "refunds": replace(KINDS["refunds"], members=(read,))}.values())

    assert derives["orders"].fingerprint != KINDS["orders"].fingerprint
    assert derives["orders"].store == KINDS["orders"].store
    assert derives["refunds"].fingerprint == KINDS["refunds"].fingerprint
    # Another refund than the orders' is no refund that they share.
    assert "refunds" in {family.name for family in reads}


def test_a_derivation_is_drawn_from_the_states(store: Store) -> None:
    """One more derived field is filled without a look at the log."""
    store.deliver([described(1, "RENT"), *story(REFUNDED).events])
    new = Projections.open(store.ledger, with_one_more_derivation())
    before = table_of(store.projections)

    with events_read() as read:
        while new.follow():
            pass

    assert read == []
    assert table_of(new) != before
    assert [row["twice"] - 2 * row["amount"] for row in new.list("payouts").items] == [0]
    assert new.check() == []
    # The kinds that did not change serve from the tables that they had.
    assert stores(new) == stores(store.projections)
    new.close()


def intent_at(number: int) -> Json:
    """A PaymentIntent of its own: an order whose amount depends on its number."""
    return event("payment_intent.succeeded", 100 + number,
                 intent("succeeded", id=f"pi_{number}", amount=1000 + number))  # fmt: skip


def test_old_and_new_code_share_their_states(store: Store) -> None:
    """Whichever follows first moves the states; the other draws its own rows of what moved."""
    store.deliver([intent_at(1)])
    new = Projections.open(store.ledger, with_one_more_derivation("orders"))
    new.follow()
    for number in range(2, 10):
        store.append([intent_at(number)])
        order = (store.projections, new) if number % 2 else (new, store.projections)
        for projections in order:
            projections.follow()
        new.follow()
        assert new.list("orders").items[0]["twice"] == 2 * (1000 + number)
        assert {new.position(kind) for kind in ("orders", "refunds")} == {number}

    assert new.check() == []
    new.close()


def test_rows_that_were_left_far_behind_are_drawn_anew(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """New code that comes back after old code followed for long draws all its rows again."""
    monkeypatch.setattr("projections.drivers.serving._FAR_BEHIND", 3)
    new = Projections.open(store.ledger, with_one_more_derivation("orders"))
    store.deliver([intent_at(1)])
    new.follow()
    serving = table_of(new, "orders")
    for number in range(2, 8):
        store.deliver([intent_at(number)])
    assert (new.position("orders"), new.position("refunds")) == (1, 7)

    with events_read() as read:
        new.follow()

    assert read == []
    assert table_of(new, "orders") != serving
    assert new.list("orders").items[0]["twice"] == 2 * 1007
    assert new.position("orders") == 7
    assert new.check() == []
    new.close()


def test_a_store_goes_with_the_last_rows_that_were_drawn_from_it(store: Store) -> None:
    """Rollback keeps the states that the previous rows came from, until the next cutover."""
    store.deliver(story(REFUNDED).events)
    first = stores(store.projections)
    store.projections.rebuild(["refunds"])
    both = stores(store.projections)
    assert first < both
    store.projections.rollback("refunds")
    # Orders are drawn from the new states, refunds from those of before: both are followed.
    store.deliver([event("refund.failed", 2_000_000_000, {
        "object": "refund", "id": "re_new", "status": "failed", "amount": 5, "created": 1,
    })])  # fmt: skip
    assert "re_new" in {row["id"] for row in store.items("refunds")}
    assert store.projections.check() == []

    store.projections.rebuild(["orders"])
    store.projections.rebuild(["orders"])

    assert len(stores(store.projections)) == len(first) + 1
    assert not first & {name for name in stores(store.projections) if name.startswith("orders")}
    assert store.projections.check() == []


def test_rows_only(store: Store) -> None:
    """Spoilt rows come back from the states; one kind's alone, and the log is not read."""
    store.deliver([*story(REFUNDED).events, described(1, "RENT")])
    living, orders = store.living(), table_of(store.projections, "orders")
    spoil(store, "UPDATE {table} SET amount = 7")

    with events_read() as read:
        rebuilt = store.projections.rebuild(["payouts", "refunds"], rows_only=True)

    assert read == []
    assert {each.kind for each in rebuilt} == {"payouts", "refunds"}
    assert store.living() == living
    assert table_of(store.projections, "orders") == orders
    assert store.projections.check() == []
    store.projections.rollback("refunds")
    store.deliver([described(2, "FOOD")])
    assert len(store.items("payouts")) == 2
    assert store.projections.check() == []


def test_rows_only_needs_states(store: Store) -> None:
    """Of what another version stored no rows can be drawn: that is said."""
    store.deliver([paid(1)])
    root = replace(KINDS["payouts"].members[0], ignored_types=frozenset({"nothing"}))
    new = Projections.open(
        store.ledger, {**KINDS, "payouts": replace(KINDS["payouts"], members=(root,))}
    )
    with pytest.raises(NotReady, match="rebuild them from the log"):
        new.rebuild(["payouts"], rows_only=True)
    new.close()


def test_a_kind_is_rebuilt_from_the_types_that_can_tell_of_it(store: Store) -> None:
    """From what the log showed: also of misnamed types, and always those of no known object."""
    misnamed = event("charge.succeeded", 300, payout("paid", id="po_misnamed"))
    thin = {"id": "evt_thin", "object": "v2.core.event", "type": "v2.core.account.updated",
            "created": "2026-01-01T00:00:00Z", "livemode": False,
            "related_object": {"id": "acct_1", "type": "v2.core.account"}}  # fmt: skip
    store.deliver([*story(REFUNDED).events, paid(1), misnamed, thin])
    living = store.living()

    with events_read() as read:
        store.projections.rebuild(["payouts"])

    types = {each.type for each in read}
    assert types == {"payout.paid", "charge.succeeded", "v2.core.account.updated"}
    assert len(read) < store.ledger.log.head().position
    assert store.living() == living
    assert store.projections.check() == []


@st.composite
def a_misnamed_history(draw: st.DrawFn) -> list[Json]:
    """A history whose events have each other's types."""
    events = unique(draw(a_history(most=2)).events)
    types = draw(st.permutations([each["type"] for each in events]))
    return [{**each, "type": type} for each, type in zip(events, types, strict=True)]


@law(6)
@given(data=st.data())
def test_each_family_alone_is_what_all_together_are(opened: Opened, data: st.DataObject) -> None:
    """Whatever types events have: rebuilt by themselves, kinds have the rows of the whole log."""
    events = data.draw(a_misnamed_history())
    with opened("sqlite") as store:
        store.deliver(events)
        for family in store.projections.families:
            store.projections.rebuild([family.name])
        assert differing(store.rows(), rows(events)) == []
        assert store.projections.check() == []
