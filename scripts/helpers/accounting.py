"""The rules of the journal as an accountant reads them: when, debit, credit; and the examples.

The examples are those of the tests, where what they come to was worked by hand.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ledger import Snapshot
from projections.journal import accounts
from projections.journal.entry import Posting
from projections.journal.exponents import decimal_text
from projections.journal.rule import Case, Rule
from projections.journal.rules import RULES
from projections.journal.rules.balance_transactions import FEES, RULE, STRIPE_FEES
from projections.journal.rules.categories import CATEGORIES, RESERVES
from tests.journal.money import Told, journal
from tests.journal.test_worked_examples import EXAMPLES
from tests.journal.worked import Example

__all__ = ["rules"]


def rules() -> Iterator[str]:
    """The section of each rule, with its examples."""
    for rule in RULES.values():
        yield f"### {rule.object.replace('_', ' ').capitalize()}\n"
        yield f"{rule.about}\n"
        yield from _cases(rule)
        if rule is RULE:
            yield from _categories()
            yield from _fees()
        for example in EXAMPLES.values():
            if _rule_of(example) == rule.object:
                yield from _example(example)


def _cases(rule: Rule) -> Iterator[str]:
    cases = [case for case in rule.cases if case.lines is None]
    if cases:
        yield "| when it is | debit | credit |"
        yield "|---|---|---|"
        for case in cases:
            yield f"| {case.guard} | {_shown(case, 1) or 'nothing'} | {_shown(case, -1)} |"
        yield "| anything else | nothing | |\n"


def _shown(case: Case, side: int) -> str:
    return "; ".join(f"`{leg.shown}`" for leg in case.legs if leg.side == side)


def _categories() -> Iterator[str]:
    by_account: dict[str, list[str]] = {}
    for category, account in CATEGORIES.items():
        by_account.setdefault(account, []).append(f"`{category}`")
    by_account[accounts.RESERVED] += [f"`{beginning}…`" for beginning in RESERVES]
    by_account[accounts.SUSPENSE] = ["any other"]
    yield "| reporting category | other side |"
    yield "|---|---|"
    for account, categories in by_account.items():
        yield f"| {', '.join(categories)} | `{account}` |"
    yield ""


def _fees() -> Iterator[str]:
    yield "| part of the fee | account |"
    yield "|---|---|"
    for part, account in FEES.items():
        yield f"| `{part}` | `{account}` |"
    for source, account in STRIPE_FEES.items():
        yield f"| Stripe's own, of a {source} | `{account}` |"
    yield f"| Stripe's own, of anything else | `{accounts.PROCESSING}` |\n"


def _rule_of(example: Example) -> str:
    """The rule that an example is of: it comes after those whose objects it needs."""
    objects = {_object(heard)["object"] for heard in example.log}
    named = [name for name in RULES if name in objects and name != RULE.object]
    return named[-1] if named else RULE.object


def _example(example: Example) -> Iterator[str]:
    name = example.name[0].upper() + example.name[1:]
    yield f"**{name}.** {'; '.join(_text(heard) for heard in example.log)}:\n"
    yield "| entry | account | debit | credit |"
    yield "|---|---|---|---|"
    for posting in sorted(journal(example.log), key=_order):
        yield from _entry(posting)
    yield f"\nWhat is left: {_balances(example.balances)}.\n"


def _order(posting: Posting) -> tuple[int, bool]:
    """By date; of one date what was agreed with the buyer, then what settles it."""
    return posting.date, posting.object == RULE.object


def _entry(posting: Posting) -> Iterator[str]:
    title = f"{posting.category.replace('_', ' ')} `{posting.object_id}`"
    for line in posting.lines:
        amount = f"{decimal_text(abs(line.amount), line.currency)} {line.currency.upper()}"
        debit, credit = (amount, "") if line.amount > 0 else ("", amount)
        yield f"| {title} | `{line.ledger_account}` | {debit} | {credit} |"
        title = ""


def _balances(balances: Mapping[str, int]) -> str:
    texts = []
    for key, amount in balances.items():
        account, currency = key.split(" ")
        side = "debit" if amount > 0 else "credit"
        texts.append(f"`{account}` {side} {decimal_text(abs(amount), currency)} {currency.upper()}")
    return ", ".join(texts) or "nothing on any account"


def _object(heard: Told) -> Mapping[str, Any]:
    if isinstance(heard, Snapshot):
        shown: Mapping[str, Any] = json.loads(heard.object)
        return shown
    event: Mapping[str, Any] = heard["data"]["object"]
    return event


def _text(heard: Told) -> str:
    """What was heard: an event, or what Stripe answered."""
    if not isinstance(heard, Snapshot):
        return f"`{heard['type']}`"
    shown = _object(heard)
    currency = shown["currency"]
    amount, fee = (decimal_text(shown[name], currency) for name in ("amount", "fee"))
    what = f"{amount} {currency.upper()}" + (f", fee {fee}" if shown["fee"] else "")
    return f"balance transaction `{shown['id']}` ({what})"
