"""Personal data left out: not read, null in rows and SQL, found by no search; and back again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from api.config.databases import stores
from api.config.settings import Settings
from ledger import Ledger
from projections import KINDS, Projections, RowSelector
from projections.drivers import crew
from projections.drivers.executors import Processes
from projections.kinds import declared
from projections.objects.declaration import StripeObject
from projections.objects.paths import at
from projections.objects.types import Type
from projections.rows.kind import Field, Kind, reads_of
from projections.rows.personal import without_personal_data
from projections.rows.project import project
from tests.projections.histories import Store, entries, without
from tests.projections.test_aliases import event

SECRET = "Secretive"
ADDRESS = {"name": SECRET, "phone": SECRET, "address": {"line1": SECRET}}

EVENTS = [
    event(1, "customer.created", {
        "object": "customer", "id": "cus_1", "email": SECRET, "name": SECRET, "phone": SECRET,
        "metadata": {"shop": "k-1"},
    }),
    event(2, "payment_intent.succeeded", {
        "object": "payment_intent", "id": "pi_1", "status": "succeeded", "amount": 5,
        "receipt_email": SECRET, "shipping": ADDRESS, "latest_charge": "ch_1",
    }),
    event(3, "charge.succeeded", {
        "object": "charge", "id": "ch_1", "status": "succeeded", "amount": 5,
        "payment_intent": "pi_1", "receipt_email": SECRET, "shipping": ADDRESS,
        "billing_details": {"email": SECRET, "name": SECRET},
    }),
    event(4, "checkout.session.completed", {
        "object": "checkout.session", "id": "cs_1", "mode": "payment", "payment_intent": "pi_1",
        "status": "complete", "payment_status": "paid", "customer_email": SECRET,
        "customer_details": {"email": SECRET, "name": SECRET},
        "shipping_details": ADDRESS, "collected_information": {"shipping_details": ADDRESS},
    }),
    event(5, "invoice.finalized", {
        "object": "invoice", "id": "in_1", "status": "open", "customer": "cus_1",
        "customer_email": SECRET, "customer_name": SECRET,
    }),
    event(6, "account.updated", {
        "object": "account", "id": "acct_1", "email": SECRET,
        "business_profile": {"name": SECRET},
    }) | {"account": "acct_1"},
    event(7, "refund.created", {
        "object": "refund", "id": "re_1", "status": "succeeded", "amount": 1, "charge": "ch_1",
        "payment_intent": "pi_1",
    }),
]  # fmt: skip

PERSONAL = {kind.name: [field.name for field in kind.fields if field.personal]
            for kind in KINDS.values()}  # fmt: skip


def started(ledger: Ledger, *, personal_data: bool) -> Store:
    """A process that starts with the setting."""
    projections = Projections.open(ledger, personal_data=personal_data)
    projections.create()
    return Store(ledger, projections)


def stored(store: Store) -> Iterator[str]:
    """All that stands in the tables that serve, as text."""
    catalog = store.projections.catalog
    with catalog.engine.connect() as connection:
        for name, live_table in catalog.live_tables(connection).items():
            for table in catalog.tables(store.projections.kinds[name], live_table.table_name).all():
                for row in connection.execute(text(f"SELECT * FROM {table.fullname}")):
                    yield from (
                        value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
                        for value in (bytes(v) if isinstance(v, memoryview) else v for v in row)
                    )


def holds_secrets(store: Store) -> bool:
    """Whether anything personal is stored, in whatever case."""
    return any(SECRET.lower() in value.lower() for value in stored(store))


def without_personal(store: Store) -> dict[str, list[dict[str, object]]]:
    """All rows but for their personal fields."""
    return {
        name: [without(row, names) for row in store.items(name)] for name, names in PERSONAL.items()
    }


def test_nothing_personal_is_kept(store: Store) -> None:
    """Rows, terms and states lack it, and all else is the same."""
    store.deliver(EVENTS)
    for name, names in PERSONAL.items():
        rows = store.items(name)
        # Each of them is there, so that its absence says something.
        assert all(any(row[field] is not None for row in rows) for field in names), name
    assert holds_secrets(store) and store.projections.search(SECRET).items

    other = started(store.ledger, personal_data=False)
    other.follow()
    assert {state.status for state in other.projections.states()} == {"live"}
    assert not holds_secrets(other)
    assert other.projections.search(SECRET).items == []
    assert without_personal(other) == without_personal(store)
    for name, names in PERSONAL.items():
        assert all(row[field] is None for row in other.items(name) for field in names)
    assert other.projections.check() == []
    assert other.wrong_terms() == {}
    past = other.projections.get("customers", "cus_1", RowSelector(as_of=9)).row
    assert past["email"] is None
    # The log is evidence.
    snapshot = other.projections.snapshot("customers", "cus_1")
    assert snapshot is not None and snapshot["email"] == SECRET
    other.projections.close()


def test_the_table_before_shows_nothing_personal(store: Store) -> None:
    """From the start, while the rebuild has still to come."""
    store.deliver(EVENTS)
    other = started(store.ledger, personal_data=False)

    assert {state.status for state in other.projections.states()} >= {"served_by_other_version"}
    for name, names in PERSONAL.items():
        assert all(row[field] is None for row in other.items(name) for field in names)
    assert other.projections.search(SECRET).items == []
    assert [item["id"] for item in other.projections.search("k-1").items] == ["cus_1"]
    row = other.projections.get("orders", "pi_1").row
    assert (row["email"], row["shipping"], row["amount"]) == (None, None, 5)
    other.projections.close()


def test_the_setting_may_change_as_often_as_it_likes(store: Store) -> None:
    """Whatever was live before: the start decides, and the follower does the rest."""
    store.deliver(EVENTS)
    for turn, personal_data in enumerate([False, True, False, True], start=10):
        other = started(store.ledger, personal_data=personal_data)
        other.deliver(
            [event(turn, "customer.created", {"object": "customer", "id": f"cus_{turn}"})]
        )

        assert {state.status for state in other.projections.states()} == {"live"}
        assert holds_secrets(other) == personal_data
        assert other.projections.get("customers", f"cus_{turn}").row["id"] == f"cus_{turn}"
        assert other.projections.check() == []
        # A process of before that still runs changes nothing of that.
        store_before = Projections.open(store.ledger, personal_data=not personal_data)
        store_before.follow()
        assert {state.status for state in other.projections.states()} == {"live"}
        store_before.close()
        other.projections.close()


def test_kinds_without_personal_data_are_the_same() -> None:
    """Only what reads personal data is rebuilt; an object is the same in all kinds that read it."""
    kinds = declared(personal_data=False)

    assert kinds["payouts"] is KINDS["payouts"]
    assert kinds["customers"].fingerprint != KINDS["customers"].fingerprint
    assert list(kinds) == list(KINDS)
    charge = {id(kind.objects["charge"]) for kind in kinds.values() if "charge" in kind.objects}
    assert len(charge) == 1


def test_several_processes_leave_it_out(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The processes of a rebuild read what their parent reads."""
    monkeypatch.setattr(crew, "_WORTH_WORKERS", 1)
    store.append(EVENTS)
    other = started(store.ledger, personal_data=False)
    other.projections.rebuild(workers=Processes(2))

    assert not holds_secrets(other)
    assert other.projections.check() == []
    other.projections.close()


def test_items_of_a_list() -> None:
    """What is personal inside a list is null in each of its objects."""
    items = (Field("name", Type.TEXT, "A name.", at("name"), personal=True),
             Field("size", Type.INTEGER, "A size.", at("size")))  # fmt: skip
    fields = (Field("people", Type.LIST, "People.", at("people.data"), items=items),)
    party = StripeObject("party", reads=reads_of(*fields))
    kinds = {"parties": Kind("parties", "party", "Parties.", (party,), fields)}
    people = {"data": [{"name": SECRET, "size": 1}, {"size": 2}]}
    log = entries([event(1, "party.created", {"object": "party", "id": "pt_1", "people": people})])

    for declaration, name in (kinds, SECRET), (without_personal_data(kinds), None):
        [projected] = project(declaration["parties"], log)
        assert projected.row is not None
        assert projected.row["people"] == [{"name": name, "size": 1}, {"name": None, "size": 2}]


@pytest.mark.parametrize(("value", "email"), [("on", SECRET), ("off", None), ("", SECRET)])
def test_the_setting(tmp_path: Path, value: str, email: str | None) -> None:
    """`LEDGER_PERSONAL_DATA` reaches the projections of every process."""
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    settings = Settings.read({"LEDGER_DATABASE_URL": url, "LEDGER_PERSONAL_DATA": value})
    with stores(settings, create=True) as (ledger, projections):
        projections.create()
        Store(ledger, projections).deliver(EVENTS)
        assert projections.get("customers", "cus_1").row["email"] == email
