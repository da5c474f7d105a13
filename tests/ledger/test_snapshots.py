"""Snapshot records: what Stripe answered, kept in the log like events, and never from a webhook."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import (
    SNAPSHOT,
    Event,
    ImportRefused,
    Ledger,
    Quarantined,
    Reason,
    Snapshot,
    SnapshotRefused,
    export_lines,
    read_delivery,
    verify,
)
from ledger.snapshot import VOLATILE
from ledger.store import newest, recording
from tests.conftest import FreshDatabase
from tests.ledger.deliveries import delivered, imported_lines

VERSION = "2026-10-28.endive"


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    """An empty ledger; the test runs once on each database."""
    with closing(Ledger.open(ledger_url)) as ledger:
        yield ledger


def answer(name: str = "A", id: str = "ch_1", at: int = 100, **more: Any) -> Snapshot:
    """What Stripe answers for a charge in some state, rendered as Stripe renders it."""
    charge = {"object": "charge", "id": id, "description": name}
    return Snapshot(json.dumps(charge, indent=2).encode(), at, VERSION, None, False, **more)


def event(number: int, name: str, at: int, *, version: str = VERSION, id: str = "ch_1") -> bytes:
    """An event about the same charge."""
    charge = {"description": name, "id": id, "object": "charge"}
    return json.dumps(
        {"id": f"evt_{number}", "object": "event", "type": "charge.updated", "created": at,
         "livemode": False, "api_version": version, "data": {"object": charge}}
    ).encode()  # fmt: skip


def statuses(ledger: Ledger, *snapshots: Snapshot, **options: Any) -> list[str]:
    return [result.status for result in ledger.record(snapshots, **options)]


def test_each_change_is_a_record(ledger: Ledger) -> None:
    """A → B → A is three records, A → A one, at once or one by one; the same again a duplicate."""
    first, *rest = [answer(name, at=100 + at) for at, name in enumerate("AABBAA")]

    assert statuses(ledger, first) == ["stored"]
    assert statuses(ledger, *rest) == ["unchanged", "stored", "unchanged", "stored", "unchanged"]
    assert statuses(ledger, first, rest[1]) == ["duplicate", "duplicate"]
    assert statuses(ledger, answer("A", at=110, id="ch_2")) == ["stored"]
    assert ledger.log.head().position == 4
    assert verify(ledger).problems == []


def test_a_record_that_is_older_than_an_entry(ledger: Ledger) -> None:
    """It is compared with the newest entry by `created`, whatever was written last."""
    assert statuses(ledger, answer("B", at=200), answer("A", at=100)) == ["stored", "stored"]
    assert statuses(ledger, answer("B", at=300), answer("A", at=300)) == ["unchanged", "stored"]


def test_events_count_as_entries(ledger: Ledger) -> None:
    """What the newest event shows in the same API version is not recorded; thin ones show none."""
    thin = {
        "id": "evt_9",
        "object": "v2.core.event",
        "type": "v1.charge.updated",
        "livemode": False,
        "created": "1970-01-01T00:05:00Z",
        "related_object": {"id": "ch_1", "type": "charge"},
    }
    bodies = [event(1, "A", 100), event(2, "B", 90), json.dumps(thin).encode()]
    ledger.append([delivered(each) for each in bodies])

    assert statuses(ledger, answer("A", at=310)) == ["unchanged"]
    assert statuses(ledger, replace(answer("A", at=310), api_version="2024-04-10")) == ["stored"]
    assert statuses(ledger, answer("A", at=320), answer("A", at=330)) == ["stored", "unchanged"]
    assert statuses(ledger, answer("A", at=340), repeat=True) == ["stored"]


def test_entries_of_one_second_that_differ(ledger: Ledger) -> None:
    """Which of them is the newer is not for the log to say: so the record is written."""
    ledger.append([delivered(event(number, name, 100)) for number, name in enumerate("AB", 1)])

    assert statuses(ledger, answer("B", at=101), answer("B", at=102)) == ["stored", "unchanged"]


def test_what_differs_from_answer_to_answer(ledger: Ledger) -> None:
    """Links that expire are no change, wherever they are; metadata of their name is one."""

    def charge(mark: str, own: str = "") -> Snapshot:
        links = dict.fromkeys(VOLATILE, f"https://pay.example/{mark}")
        value = {"object": "charge", "id": "ch_1", **links, "invoice": {"id": "in_1", **links},
                 "metadata": {"receipt_url": own}}  # fmt: skip
        return replace(answer(at=100 + len(mark)), object=json.dumps(value).encode())

    assert statuses(ledger, charge("a"), charge("bb")) == ["stored", "unchanged"]
    assert statuses(ledger, charge("ccc", own="mine")) == ["stored"]


def test_a_payout_is_part_of_it(ledger: Ledger) -> None:
    """That the payout is known now is a change; a listing that does not show it is none."""
    snapshots = [answer(at=100), answer(at=101, payout="po_1"), answer(at=102),
                 answer(at=103, payout="po_2")]  # fmt: skip

    assert statuses(ledger, *snapshots) == ["stored", "stored", "unchanged", "stored"]
    assert len({each.id for each in (answer(), answer(payout="po_1"), answer(payout="po_2"))}) == 3


def test_a_webhook_in_between_is_looked_at(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """An event that is appended while the record is compared counts: nobody has to lock."""
    ledger.append([delivered(event(1, "A", 100))])
    bodies = iter([event(2, "B", 110)])

    def slow(*arguments: Any) -> Any:
        seen = newest.newest_entries(*arguments)
        ledger.append([delivered(body) for body in bodies])
        return seen

    monkeypatch.setattr(recording, "newest_entries", slow)

    assert statuses(ledger, answer("B", at=120)) == ["unchanged"]


def test_it_is_in_the_log_as_an_event(ledger: Ledger) -> None:
    """It is listed by type, object and account, and has an envelope; its cause is in its body."""
    snapshot = replace(answer(cause="evt_7"), account="acct_1", livemode=True)
    ledger.record([snapshot], received_at=5_000_000)
    [entry] = ledger.log.after(0, 10)

    assert (entry.event_id, entry.type, entry.created) == (snapshot.id, SNAPSHOT, 100)
    assert (entry.stream, entry.account, entry.livemode) == ("ch_1", "acct_1", True)
    assert (entry.source, entry.received_at, entry.api_version) == ("api", 5_000_000, VERSION)
    assert entry.is_snapshot and not entry.is_quarantined
    for wanted in ({"type": SNAPSHOT}, {"type": "ledger.*"}, {"object_id": "ch_1"}):
        [listed] = ledger.log.events(**wanted).items  # type: ignore[arg-type]
        assert listed.position == 1
    assert ledger.log.event(snapshot.id) == entry
    assert json.loads(entry.body) == {
        "object": SNAPSHOT, "id": snapshot.id, "observed_at": 100, "api_version": VERSION,
        "account": "acct_1", "livemode": True, "cause": "evt_7",
        "data": {"object": json.loads(snapshot.object)},
    }  # fmt: skip


def test_numbers_stay_as_they_were_written(ledger: Ledger) -> None:
    """What Stripe answered is kept to the digit, and blanks are not."""
    text = b'{ "object": "charge",\n "id": "ch_1", "rate": 1.10, "n": 12345678901234567890 }'
    ledger.record([replace(answer(), object=text)])
    [entry] = ledger.log.after(0, 10)

    assert b'{"object":"charge","id":"ch_1","rate":1.10,"n":12345678901234567890}' in entry.body
    assert verify(ledger).problems == []


@pytest.fixture
def other(fresh_database: FreshDatabase, ledger: Ledger) -> Iterator[Ledger]:
    """An empty ledger on the same database."""
    url = fresh_database(ledger.engine.dialect.name)
    with closing(Ledger.open(url, create=True)) as other:
        yield other


def test_export_and_import(ledger: Ledger, other: Ledger) -> None:
    """An export with records gives the same log; a record that was altered is refused."""
    ledger.append([delivered(event(1, "A", 100))])
    ledger.record([answer("B", at=200), answer("A", at=300, payout="po_1", cause="evt_1")])
    lines = list(export_lines(ledger))

    assert imported_lines(other, lines).stored == 3
    assert other.log.after(0, 10) == ledger.log.after(0, 10)
    assert imported_lines(other, lines).duplicate == 3

    entry = json.loads(lines[1])
    body = base64.b64decode(entry["body_base64"]).replace(b'"B"', b'"C"')
    lines[1] = (
        json.dumps({**entry, "body_base64": base64.b64encode(body).decode()}).encode() + b"\n"
    )
    with pytest.raises(ImportRefused, match="line 2: the body is no event"):
        imported_lines(other, lines)
    assert imported_lines(other, lines, partial=True).errors == 1


def test_nobody_else_may_say_it(ledger: Ledger) -> None:
    """Of a webhook, or of a line among plain events, it is no event at all."""
    body = answer().body
    [result] = ledger.append([delivered(body)])

    assert (result.status, result.reason) == ("quarantined", Reason.NOT_AN_EVENT)
    assert imported_lines(ledger, [body + b"\n"]).errors == 1
    assert verify(ledger).problems == []


CHANGES: dict[str, Any] = {
    "id": "snap_0", "observed_at": 101, "account": "acct_2", "livemode": True, "payout": "po_2",
    "data": {"object": {"object": "charge", "id": "ch_1", "description": "C"}},
}  # fmt: skip
WRONG: dict[str, Any] = {
    "observed_at": True, "livemode": None, "data": {"object": []}, "cause": "charge", "payout": 7,
}  # fmt: skip


@pytest.mark.parametrize(("name", "value"), [*CHANGES.items(), *WRONG.items()])
def test_a_record_whose_content_is_not_that_of_its_id(name: str, value: Any) -> None:
    """It is no event: id and content prove each other."""
    document = json.loads(answer(payout="po_1").body)

    assert isinstance(read_delivery(json.dumps(document).encode(), source="api"), Event)
    altered = json.dumps({**document, name: value}).encode()
    assert isinstance(read_delivery(altered, source="api"), Quarantined)


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"{}", b'{"object":"charge"}', b'{"id":"ch_1"}', b'{"a":1,"a":2}', b"NaN"]
)
def test_an_answer_that_cannot_be_kept(ledger: Ledger, text: bytes) -> None:
    """It is refused with the reason, and nothing of the batch is written."""
    with pytest.raises(SnapshotRefused):
        ledger.record([answer(), replace(answer(), object=text)])
    assert ledger.log.head().position == 0


scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(value=st.dictionaries(st.text(), json_values, max_size=4), pretty=st.booleans())
def test_any_object_can_be_recorded(value: dict[str, Any], pretty: bool) -> None:
    """Whatever JSON an answer is, its record reads as an event of that object, in any rendering."""
    charge = {**value, "object": "charge", "id": "ch_1"}
    texts = [
        json.dumps(charge, indent=2 if pretty else None, ensure_ascii=pretty),
        json.dumps(charge, sort_keys=True),
    ]
    first, second = [
        replace(answer(), object=text.encode("utf-8", "surrogatepass")) for text in texts
    ]

    assert first.id == second.id
    fact = first.delivery(0).fact
    assert isinstance(fact, Event)
    assert (fact.id, fact.object_id, fact.object) == (first.id, "ch_1", "charge")
