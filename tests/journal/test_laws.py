"""The laws of the journal, as functions of what is told: over stories, and over nonsense."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from projections import KINDS
from projections.journal import accounts
from projections.journal.entry import Book, Entry, Posting
from projections.journal.objects import OBJECTS
from projections.journal.rules import RULES, STATELESS
from projections.objects.state import fold
from tests.journal import hostile
from tests.journal.money import (
    Told,
    balances,
    cleared,
    journal,
    nets,
    once,
    read,
    transactions,
    unbalanced,
    walked,
)
from tests.journal.worked import charge, event, transaction
from tests.projections.laws import History, a_history, law

TRANSACTION = "balance_transaction"
SEEDS = st.integers(0, 2**32)


def told_by(history: History) -> list[Told]:
    """All events of some stories, and records of all that moved the balances."""
    records = [each for story in history.stories for each in transactions(story)]
    return once([*history.events, *records])


def shuffled(log: Sequence[Told], random: Random) -> list[Told]:
    """The same log as it may come in: some of it never does."""
    log = [each for each in log if random.random() < 0.9]
    random.shuffle(log)
    return log


def as_set(posted: Sequence[Posting]) -> set[Posting]:
    """Postings without an order; there are no two alike."""
    assert len({each.key for each in posted}) == len(posted)
    return set(posted)


def holding(entries: Sequence[Entry], position: int) -> list[Entry]:
    """The entries that hold at a position."""
    return [
        each
        for each in entries
        if each.known_from <= position and (each.known_until is None or each.known_until > position)
    ]


def check(log: Sequence[Told], random: Random) -> None:
    """All that holds of any log, whatever it tells."""
    posted = journal(log)
    for each in posted:
        assert each.lines and all(line.amount for line in each.lines)
        assert not unbalanced(each.lines)
        assert all(accounts.type_of(line.ledger_account) for line in each.lines)

    # A balance is the sum of the transactions known, in each book and currency.
    held = {
        (book, currency): amount
        for (book, account, currency), amount in _by_balance(posted).items()
        if account == accounts.BALANCE and amount
    }
    assert held == nets(log)

    # The set of events decides, however it came.
    another = list(log)
    random.shuffle(another)
    assert as_set(journal(another)) == as_set(posted)

    # Followed one by one, in batches, or read at once: the same entries, ids and positions.
    entries = walked(log, range(1, len(log)))
    ends = sorted(random.sample(range(1, len(log)), min(len(log) - 1, 2))) if log else []
    assert walked(log, ends) == entries
    assert as_set([each.posting for each in holding(entries, len(log))]) == as_set(posted)
    assert len({each.id for each in entries}) == len(entries)

    # What was known at a position stays what was known then.
    position = random.randint(0, len(log))
    before = walked(log[:position], [])
    assert {each.id for each in holding(entries, position)} == {
        each.id for each in before if each.known_until is None
    }


def _by_balance(posted: Sequence[Posting]) -> dict[tuple[Book, str, str], int]:
    total: dict[tuple[Book, str, str], int] = {}
    for (book, account, currency), amount in balances(posted).items():
        name = accounts.BALANCE if accounts.is_balance(account) else account
        total[book, name, currency] = total.get((book, name, currency), 0) + amount
    return total


@given(a_history(most=2), SEEDS)
@law(60)
def test_a_journal_is_a_function_of_the_set_of_events(history: History, seed: int) -> None:
    """Laws 1, 2, 4 and 7: over stories of any versions, some events never coming."""
    random = Random(seed)
    check(shuffled(told_by(history), random), random)


@given(hostile.logs(), SEEDS)
@law(150)
def test_nonsense_balances_too(log: list[Told], seed: int) -> None:
    """The same where objects contradict each other, and one second has many events."""
    check(once(log), Random(seed))


@given(a_history(most=2), SEEDS)
@law(40)
def test_what_is_told_again_posts_nothing(history: History, seed: int) -> None:
    """Law 3: Stripe asked again, with the same answer, changes no entry."""
    random = Random(seed)
    log = shuffled(told_by(history), random)
    again = [
        each for story in history.stories for each in transactions(story, asked_after=10 * 86_400)
    ]

    assert as_set(journal([*log, *again[: len(again) // 2]])) >= as_set(journal(log))
    entries = walked([*log, *again], [])
    first = {each.id for each in walked(log, [])}
    late = [each for each in entries if each.known_from > len(log)]
    missing = {each.posting.object_id for each in late}
    assert all(each.known_until is None or each.id in first for each in entries)
    # Only transactions that were not known yet are posted.
    posted = {each.object_id for each in journal(log) if each.object == "balance_transaction"}
    assert not posted & {id for id in missing if id.startswith("txn_")}


@given(a_history(most=3), SEEDS)
@law(40)
def test_accounts_and_modes_never_mix(history: History, seed: int) -> None:
    """Law 8: each book is as if there were no other."""
    random = Random(seed)
    log = shuffled(told_by(history), random)
    posted = as_set(journal(log))
    books = {each.book for each in posted}

    for book in books:
        own = [each for each in log if _book(each) == book]
        assert as_set(journal(own)) == {each for each in posted if each.book == book}


def _book(each: Told) -> Book:
    if isinstance(each, dict):
        return Book(each.get("account") or each.get("context"), each["livemode"])
    return Book(each.account, each.livemode)


@given(a_history(most=2), SEEDS)
@law(40)
def test_what_is_finished_is_cleared(history: History, seed: int) -> None:
    """Law 5: with all transactions held, two legs leave nothing; a decided dispute neither."""
    log = told_by(history)
    Random(seed).shuffle(log)
    posted = journal(log)

    # What is not cleared is what but one leg is known of: no two legs differ in their amounts.
    legs = {
        (line.ledger_account, line.object_id, each.object == "balance_transaction")
        for each in posted
        for line in each.lines
        if line.ledger_account.startswith(accounts.CLEARING)
    }
    for account, id, _ in cleared(posted):
        assert ((account, id, True) in legs) != ((account, id, False) in legs)
    for key, observations in read(log).items():
        if key.object != "dispute":
            continue
        status = fold(observations, OBJECTS["dispute"]).values["status"]
        if status in ("won", "lost"):
            own = [each for each in posted if key.id in {line.object_id for line in each.lines}]
            assert accounts.DISPUTED not in {account for _, account, _ in balances(own)}


@given(a_history(most=2), SEEDS)
@law(40)
def test_what_is_paid_out_and_fails_is_not_at_the_bank(history: History, seed: int) -> None:
    """Law 6: of each payout that does not stand as paid, nothing is left on a bank account."""
    random = Random(seed)
    log = shuffled(told_by(history), random)
    posted = journal(log)
    for key, observations in read(log).items():
        if key.object == "payout":
            values = fold(observations, OBJECTS["payout"]).values
            own = [each for each in posted if (each.object, each.object_id) == key[1:]]
            at_bank = {
                account: amount
                for (_, account, _), amount in balances(own).items()
                if account.startswith("Bank:")
            }
            bank = accounts.bank(values["destination"])
            assert at_bank == ({bank: values["amount"]} if values["status"] == "paid" else {})


@given(a_history(most=3), SEEDS)
@law(20)
def test_every_event_is_accounted_for(history: History, seed: int) -> None:
    """Law 9: each is of an object that has a rule, or that is declared to post nothing."""
    log = told_by(history)
    counts = Counter(_treatment(each) for each in log)
    posted = journal(log)
    ids = {each["id"] if isinstance(each, dict) else each.id for each in log}

    assert counts["unknown"] == 0
    assert sum(counts.values()) == len(log)
    assert {each.cause for each in posted} <= ids
    # A transaction is posted whatever it is: none is left out.
    transactions_posted = {each.object_id for each in posted if each.object == TRANSACTION}
    assert transactions_posted == {
        key.id for key in read(log) if key.object == TRANSACTION
    } - _moving_nothing(log)


def _treatment(each: Told) -> str:
    object = each["data"]["object"] if isinstance(each, dict) else json.loads(each.object)
    if object["object"] in RULES:
        return "posted"
    return "stateless" if object["object"] in STATELESS else "unknown"


def _moving_nothing(log: Sequence[Told]) -> set[str]:
    return {
        key.id
        for key, observations in read(log).items()
        if key.object == TRANSACTION
        and not any(
            fold(observations, OBJECTS[TRANSACTION]).values.get(name) for name in ("amount", "net")
        )
    }


def test_what_rows_are_made_of_is_accounted_for() -> None:
    """Every object that any kind reads has a rule, or a reason to post nothing; none has both."""
    read_by_kinds = {name for kind in KINDS.values() for name in kind.objects}

    assert read_by_kinds <= RULES.keys() | STATELESS.keys()
    assert not RULES.keys() & STATELESS.keys()
    assert set(OBJECTS) <= RULES.keys() | STATELESS.keys()


def test_an_object_with_very_many_events_is_one_step_for_each() -> None:
    """Newest first, which is the worst order: the entries are those of any other order."""
    log: list[Told] = [
        event("charge.updated", 2_000 + number, charge(700, metadata={"n": str(number)}))
        for number in range(1_500)
    ]
    log.append(event("charge.succeeded", 1_000, charge(700)))
    log.insert(5, transaction("txn_1", 1_000, "charge", "ch_1", 700, "usd"))

    entries = walked(list(reversed(log)), [])
    assert {each.posting for each in holding(entries, len(log))} == as_set(journal(log))
    assert [each.posting.date for each in holding(walked(log, []), len(log))] == [1_000, 1_000]
