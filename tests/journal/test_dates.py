"""Which date, cause and category a posting has: the money's, and never the time of asking."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from projections.journal.entry import Book, Entry, Line
from tests.journal.money import Told, journal, record, walked
from tests.journal.worked import charge, dispute, event, payout, refund, transaction

ASKED = 500_000


def dates(log: Sequence[Told]) -> dict[str, list[int]]:
    """The dates of what each object posted."""
    by_object = defaultdict(list)
    for each in journal(log):
        by_object[each.object_id].append(each.date)
    return dict(by_object)


def test_an_event_dates_what_it_changed() -> None:
    """A payout is at the bank when an event said so, and back when another one did."""
    log = [
        event("payout.created", 4_000, payout(8_000, "pending")),
        event("payout.paid", 90_000, payout(8_000, "paid"), status="pending"),
        event("payout.failed", 99_000, payout(8_000, "failed"), status="paid"),
    ]

    assert dates(log) == {"po_1": [4_000, 90_000, 99_000]}


def test_what_a_record_shows_first_is_dated_by_the_object() -> None:
    """Stripe was asked long after: the money is of the time when the object was made."""
    log = [record(charge(10_000), ASKED), record(refund(2_500, "succeeded"), ASKED)]

    assert dates(log) == {"ch_1": [1_000], "re_1": [2_000]}


def test_a_change_that_only_a_record_shows_is_of_the_time_it_was_seen() -> None:
    """Nothing tells when it failed; it was pending before."""
    log: list[Told] = [
        event("refund.created", 2_000, refund(2_500, "pending")),
        record(refund(2_500, "failed"), ASKED),
    ]

    assert dates(log) == {"re_1": [2_000, ASKED]}


def test_a_transaction_is_dated_by_itself_whoever_shows_it() -> None:
    """A dispute shows its transaction days later, and it is asked for later still."""
    taken = transaction("txn_7", 3_000, "dispute", "dp_1", -10_000, "usd")
    shown = event("charge.dispute.updated", 60_000, dispute("needs_response", taken))

    assert dates([taken]) == dates([shown]) == dates([shown, taken]) == {"txn_7": [3_000]}


def test_an_event_that_comes_late_takes_what_it_says_back_to_its_date() -> None:
    """The entries that it replaces end at its position, and new ones begin there."""
    late = event("refund.created", 2_000, refund(2_500, "succeeded"))
    log = [
        event("refund.updated", 3_000, refund(2_500, "succeeded")),
        event("refund.failed", 9_000, refund(2_500, "failed"), status="succeeded"),
        late,
    ]
    entries = walked(log, [])

    spans = [(each.posting.date, each.known_from, each.known_until) for each in entries]
    assert sorted(spans) == [(2_000, 3, None), (3_000, 1, 3), (9_000, 2, None)]


def test_an_entry_says_all_of_itself() -> None:
    """Its book, date, object, cause and lines; its id is the same wherever the log is read."""
    [entry] = walked([{**event("charge.succeeded", 1_000, charge(700)), "account": "acct_9"}], [])

    assert entry.posting.book == Book("acct_9", False)
    assert (entry.posting.date, entry.posting.object, entry.posting.object_id) == (
        1_000, "charge", "ch_1",
    )  # fmt: skip
    assert entry.posting.cause == "evt_charge_succeeded_1000_ch_1"
    assert (entry.posting.category, entry.posting.balance_type) == ("charge", None)
    assert entry.posting.lines == (
        Line("Clearing:Charge", "ch_1", 700, "usd"),
        Line("Sales", "ch_1", -700, "usd"),
    )
    assert entry == Entry.of(entry.posting, 1)
    assert entry.id == "jrn_993c97daa37e3cfd8ee07d16"


def test_a_transaction_says_what_it_counts_as() -> None:
    """Its reporting category and the type of its balance; an older one has but a type."""
    hold = transaction("txn_1", 9_000, "reserve_hold", None, -5, "usd", balance_type="issuing")
    old = record({"id": "txn_2", "object": "balance_transaction", "created": 9, "amount": -5,
                  "net": -5, "currency": "usd", "type": "payment_refund"}, ASKED)  # fmt: skip

    classified = {
        each.object_id: (each.category, each.balance_type) for each in journal([hold, old])
    }
    assert classified == {"txn_1": ("reserve_hold", "issuing"), "txn_2": ("refund", None)}


def test_a_released_remainder_is_told_from_a_refund_as_large() -> None:
    """Before basil both are refund objects of one amount; the one made with the capture is none."""
    held = {**charge(8_000, captured=False, amount_captured=None), "amount_captured": None}
    release = refund(4_000, "succeeded", created=1_500)
    returned = refund(4_000, "succeeded", id="re_2")
    log = [
        event("charge.succeeded", 1_000, held, "2020-08-27"),
        event("charge.captured", 1_500,
              {**held, "captured": True, "amount_captured": 4_000, "amount_refunded": 4_000,
               "refunds": {"data": [release]}},
              "2020-08-27", captured=False, amount_refunded=0),
        event("charge.refunded", 2_000,
              {**held, "captured": True, "amount_captured": 4_000, "amount_refunded": 8_000,
               "refunds": {"data": [returned, release]}},
              "2020-08-27", amount_refunded=4_000),
    ]  # fmt: skip

    posted = {each.object_id for each in journal(log)}
    assert posted == {"ch_1", "re_2"}


def test_what_no_event_showed_yet_moves_on_with_the_newest_event() -> None:
    """A recorded reinstatement counts with the last event of its dispute, whichever that is."""
    taken = transaction("txn_7", 3_000, "dispute", "dp_1", -10_000, "usd")
    back = transaction("txn_8", 8_000, "dispute_reversal", "dp_1", 7_000, "usd")
    log: list[Told] = [
        event("charge.dispute.closed", 7_000, dispute("lost", taken)),
        back,
        event("charge.dispute.updated", 7_500, dispute("lost", taken)),
    ]
    losses = [
        (each.posting.date, line.amount, each.known_from, each.known_until)
        for each in walked(log, [])
        for line in each.posting.lines
        if line.ledger_account == "DisputeLosses"
    ]

    assert sorted(losses, key=lambda each: (each[2], each[0])) == [
        (7_000, 10_000, 1, 2),
        (7_000, 3_000, 2, 3),
        (7_000, 10_000, 3, None),
        (7_500, -7_000, 3, None),
    ]
