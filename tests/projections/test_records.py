"""Snapshot records among the events: the rows of a story stay its rows, and nothing old wins."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.simulator import API_VERSIONS, STORIES
from ledger import Snapshot
from projections import KINDS
from projections.objects.compiled import CompiledReader
from projections.objects.decode import generic, observations
from projections.rows.project import project
from tests.projections.cases import charge, event, intent, invoice, payout, refund, sub
from tests.projections.histories import Json, differing, entries, rows
from tests.projections.laws import law
from tests.projections.records import VERSIONS, Answers, content, record, whole_stories

NEWEST = API_VERSIONS[-1]
OBJECTS = {name: declared for kind in KINDS.values() for name, declared in kind.objects.items()}


def row(kind: str, *log: Json | Snapshot) -> Json:
    """The one row of a kind."""
    [result] = rows(log)[kind].values()
    return result


@pytest.mark.parametrize("version", [VERSIONS[0], NEWEST])
def test_all_that_could_be_asked_changes_no_row(version: str) -> None:
    """Each object of each story asked for in each second, and just after: the rows are the same."""
    wrong = [
        line
        for answers in whole_stories(version)
        for line in differing(
            content(rows([*answers.story.events, *answers.all()])),
            content(rows(answers.story.events)),
        )
    ]

    assert wrong == []


@law(60)
@given(
    name=st.sampled_from(sorted(STORIES)),
    version=st.sampled_from(VERSIONS),
    share=st.floats(0, 1),
    seed=st.integers(0, 2**32),
)
def test_any_interleaving_gives_the_rows_of_the_story(
    name: str, version: str, share: float, seed: int
) -> None:
    """Some of the records, anywhere between the events in any order."""
    answers, random = Answers.of(name, version), Random(seed)
    some = [each for each in answers.all() if random.random() < share]
    log: list[Json | Snapshot] = [*answers.story.events, *some]
    random.shuffle(log)

    assert differing(content(rows(log)), content(rows(answers.story.events))) == []


def marked(snapshots: Iterable[Snapshot]) -> list[Snapshot]:
    """Records that say otherwise than the events, where both say something."""
    result = []
    for each in snapshots:
        answer = json.loads(each.object)
        if "metadata" in answer:
            changed = json.dumps({**answer, "metadata": {"marked": "yes"}}).encode()
            result.append(replace(each, object=changed))
    return result


def test_a_record_older_than_a_later_event_never_wins() -> None:
    """Nor one of the same second: what the newest event shows is what the row has."""
    marks = shown = 0
    for answers in whole_stories():
        newest: dict[str, int] = {}
        for each in answers.story.events:
            newest[each["data"]["object"].get("id")] = each["created"]
        snapshots = marked(answers.all())
        old = [
            each for each in snapshots if each.observed_at <= newest[json.loads(each.object)["id"]]
        ]
        marks += len(old)

        assert "marked" not in str(rows([*answers.story.events, *old])), answers.story.name
        # What is newer shows that the mark would be seen.
        shown += "marked" in str(rows([*answers.story.events, *snapshots]))
    assert marks > 500
    assert shown > 90


# What only events tell: when something was first so, by kind, and what their types say, by story.
TIMES = {("orders", "paid_at"), ("payouts", "paid_at"), ("payouts", "failed_at"),
         ("accounts", "deauthorized_at")}  # fmt: skip
BY_TYPE = {
    "async_payment_fails": {"status"},
    "authorised_charge_expires": {"status"},
    "async_payment_fails_unseen": {"status"},
    "invoice_reopened": {"order", "orders", "payments", "invoice", "invoices"},
}


def test_records_alone_give_the_rows_of_the_newest_snapshots() -> None:
    """A merchant whose events are all gone: what there is at Stripe is what the rows say."""
    compared = 0
    for answers in whole_stories():
        answered = list(answers.at(answers.story.seconds()[-1] + 1))
        by_type = BY_TYPE.get(answers.story.name, set())
        # The capability's account is left out of the answers.
        if answers.story.name == "capability_turned_off":
            continue
        actual, expected = content(rows(answered)), content(rows(answers.story.events))
        for kind, its in actual.items():
            for key, actual_row in its.items():
                assert key in expected[kind]
                # Where an object has no `created`, its first event or record is one's.
                names = actual_row.keys() - {"created"} - by_type
                compared += len(names)
                assert [
                    (answers.story.name, kind, name, actual_row[name], expected[kind][key][name])
                    for name in names
                    if actual_row[name] != expected[kind][key][name]
                    and not ((kind, name) in TIMES and actual_row[name] is None)
                ] == []
    assert compared > 3000


def test_the_newest_record_counts() -> None:
    """Of several records the last by the time of asking, wherever it is in the log."""
    log = [record(payout(status), at) for status, at in (("in_transit", 20), ("pending", 10))]

    assert row("payouts", *log)["status"] == row("payouts", *log[::-1])["status"] == "in_transit"


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        ("payouts", ("payout.failed", payout("failed")), payout("paid")),
        ("orders", ("payment_intent.succeeded", intent("succeeded")), intent("processing")),
        ("invoices", ("invoice.paid", invoice("paid", 1)), invoice("open", 1)),
        ("subscriptions", ("customer.subscription.deleted", sub("canceled")), sub("active")),
    ],
)
def test_a_later_record_proves_that_a_terminal_status_was_left(
    kind: str, before: tuple[str, Json], after: Json
) -> None:
    """No late event does without a before-image; a record of the same second does not either."""
    name, ended = before
    end = event(name, 100, ended)
    late = event(f"{name.rpartition('.')[0]}.updated", 101, after)

    terminal = row(kind, end)["status"]
    assert row(kind, end, late)["status"] == terminal
    assert row(kind, end, record(after, 100))["status"] == terminal
    assert row(kind, end, record(after, 101))["status"] != terminal
    assert row(kind, end, record(after, 101), record(ended, 102))["status"] == terminal
    # And what was left is open to events, too.
    again = event(f"{name.rpartition('.')[0]}.updated", 102, ended)
    assert row(kind, end, record(after, 101), again)["status"] == terminal


def test_an_answer_may_be_that_it_was_deleted() -> None:
    """Of a deleted customer Stripe answers that, and no more: what was known of it stays."""
    customer = {"id": "cus_1", "object": "customer", "created": 1, "email": "a@b.example"}
    created = event("customer.created", 10, customer)
    gone = record({"id": "cus_1", "object": "customer", "deleted": True}, 20)
    late = event("customer.updated", 15, customer)

    logs: list[list[Json | Snapshot]] = [[created, gone, late], [gone, late, created]]
    for log in logs:
        deleted = row("customers", *log)
        assert (deleted["deleted"], deleted["email"]) == (True, "a@b.example")
    assert row("customers", created, gone, record(customer, 30))["deleted"] is False


def test_the_time_of_asking_is_no_time_of_the_object() -> None:
    """What a record is the first to show has no time, until an event says one."""
    paid = record(payout("paid"), 500)
    assert row("payouts", paid)["paid_at"] is None
    assert row("payouts", paid, event("payout.paid", 90, payout("paid")))["paid_at"] == 90
    later = event("payout.updated", 510, payout("paid"))
    assert row("payouts", paid, later)["paid_at"] == 510
    order = row("orders", record(charge(captured=True, amount_captured=100), 500))
    assert (order["status"], order["paid_at"]) == ("paid", None)

    taken = {"id": "txn_1", "amount": -100, "net": -115, "fee": 15, "created": 77}
    dispute = {"id": "dp_1", "object": "dispute", "created": 70, "charge": "ch_1",
               "status": "needs_response", "balance_transactions": [taken]}  # fmt: skip
    assert row("disputes", record(dispute, 500))["funds_withdrawn_at"] == 77
    withdrawn = event("charge.dispute.funds_withdrawn", 80, dispute)
    assert row("disputes", withdrawn, record(dispute, 500))["funds_withdrawn_at"] == 80


def test_a_refund_that_failed_is_not_counted_whatever_was_asked_first() -> None:
    """No event says when it failed: what the charge counted before it was seen so is corrected."""
    captured = charge(captured=True, amount=100, amount_captured=100)
    live, failed = refund("succeeded", amount=40), refund("failed", amount=40)
    counting, corrected = {**captured, "amount_refunded": 40}, {**captured, "amount_refunded": 0}

    for log in (
        [event("charge.refunded", 10, counting), record(failed, 30)],
        [record(counting, 10), record(live, 10), record(failed, 30)],
        [record(corrected, 20), record(failed, 30)],
        [record(corrected, 30), record(failed, 20)],
    ):
        assert row("orders", *log)["amount_refunded"] == 0
    assert row("orders", record(counting, 20), record(live, 30))["amount_refunded"] == 40


def test_a_payout_that_only_the_list_names_is_read_as_the_objects_own() -> None:
    """The record's payout is put beside the snapshot's keys, where that has none."""
    [plain] = entries([record({"id": "ch_1", "object": "charge", "payout": None}, 1)])
    [named] = entries([replace(record({"id": "ch_1", "object": "charge"}, 1), payout="po_1")])
    [own] = entries(
        [replace(record({"id": "ch_1", "object": "charge", "payout": "po_2"}, 1), payout="po_1")]
    )
    declared = replace(OBJECTS["charge"], reads=(*OBJECTS["payout"].reads[:1],))
    reading = {"charge": replace(declared, reads=(replace(declared.reads[0], name="payout",
                                                          paths=("payout",)),))}  # fmt: skip

    read = [observations(each, reading)[0].values["payout"] for each in (plain, named, own)]
    assert read == [None, "po_1", "po_2"]


def test_records_are_read_alike_by_both_readers() -> None:
    """The generated reader takes all of them, but for those with a payout."""
    compiled = CompiledReader(OBJECTS).observations
    log = entries([each for answers in whole_stories() for each in answers.all()])

    for entry in log:
        fast = compiled(entry)
        assert fast is not None
        assert [(o.key, o.values, o.links, o.embedded, o.progress) for o in fast] == [
            (o.key, o.values, o.links, o.embedded, o.progress) for o in generic(entry, OBJECTS)
        ]
    assert len(log) > 1000


def test_a_session_of_a_version_without_statuses_is_not_over() -> None:
    """Only the type of an event says so there; a record has none."""
    session = {"id": "cs_1", "object": "checkout.session", "created": 1, "mode": "payment"}
    [projected] = project(KINDS["orders"], entries([record(session, 5, "2019-02-11")]))

    assert projected.row is not None
    assert projected.row["status"] == "incomplete"
