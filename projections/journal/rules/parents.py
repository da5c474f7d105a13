"""What a balance transaction settles: the account that it clears, and the object there."""

from __future__ import annotations

from typing import NamedTuple

from projections.journal import accounts
from projections.journal.known import Known, went_to_a_bank
from projections.journal.objects import SOURCES
from projections.journal.rules.categories import contra_of
from projections.objects.state import State

__all__ = ["Settled", "parent_of", "source_object"]


class Settled(NamedTuple):
    """Where a transaction's other side is, and whose money it is there.

    ``family`` is the charge that it belongs to, for what is converted on the way; else the same.
    """

    ledger_account: str
    object_id: str
    family: str


def source_object(id: str | None) -> str | None:
    """Which object an id is of, by how it begins; None where it is of none that moves money."""
    if not id:
        return None
    return next((name for name, prefixes in SOURCES.items() if id.startswith(prefixes)), None)


def parent_of(transaction: State, known: Known) -> Settled:
    """What a transaction settles: its source's parent where the source is a part of one."""
    account, source = contra_of(transaction), transaction.values.get("source")
    id = source or transaction.id
    if account in (accounts.CLEARING_REFUND, accounts.CLEARING_CHARGE):
        return _of_charge(account, id, known)
    if account == accounts.CLEARING_TRANSFER:
        id = _of_part(transaction, id, "transfer_reversal", "transfer", known)
        transfer = known.get("transfer", id)
        if transfer is not None and went_to_a_bank(transfer):
            account = accounts.CLEARING_PAYOUT
    elif account == accounts.CLEARING_APPLICATION_FEE:
        id = _of_part(transaction, id, "fee_refund", "application_fee", known)
    elif account == accounts.DISPUTED and source_object(source) != "dispute":
        disputes = known.linking("dispute", "balance_transaction", transaction.id)
        id = disputes[0].id if disputes else id
    return Settled(account, id, id)


def _of_charge(account: str, id: str, known: Known) -> Settled:
    """A charge's or a refund's: a refund that only releases money clears with its charge."""
    if source_object(id) != "refund":
        return Settled(account, id, id)
    charge = known.charge_of(id)
    if charge is not None and known.is_release(id):
        return Settled(accounts.CLEARING_CHARGE, charge, charge)
    return Settled(accounts.CLEARING_REFUND, id, charge or id)


def _of_part(transaction: State, id: str, part: str, whole: str, known: Known) -> str:
    """The id of what a reversal or a refund is of; its own where nobody said."""
    if source_object(id) != part:
        return id
    named = known.linked(known.get(part, id), whole) or known.linked(transaction, whole)
    if named is not None:
        return named
    linking = known.linking(whole, part, id)
    return linking[0].id if linking else id
