"""The laws of the journal, as functions of what is told: over stories, and over nonsense."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from projections.journal import accounts
from projections.journal.entry import Book, Entry, Posting
from tests.journal import hostile
from tests.journal.money import (
    Told,
    balances,
    cleared,
    journal,
    nets,
    once,
    transactions,
    unbalanced,
    walked,
)
from tests.projections.laws import History, a_history, law

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
    """Law 5: with all transactions held, what both legs told of leaves nothing in clearing."""
    random = Random(seed)
    log = told_by(history)
    random.shuffle(log)
    posted = journal(log)
    left = cleared(posted)

    # Each object of which a leg is missing says so; no two legs differ in their amounts.
    legs = {
        (line.ledger_account, line.object_id, each.object == "balance_transaction")
        for each in posted
        for line in each.lines
        if line.ledger_account.startswith(accounts.CLEARING)
    }
    for account, id, _ in left:
        assert len({is_settled for a, i, is_settled in legs if (a, i) == (account, id)}) == 1
