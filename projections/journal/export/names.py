"""Names that the programs of plain text accounting take: of accounts, and of currencies.

Different names stay different: what cannot be written as it is, is written as the hexadecimal
digits of its bytes, which nothing else is.
"""

from __future__ import annotations

import re
from functools import cache

from projections.journal.accounts import TYPES, type_of

__all__ = ["commodity", "program_account"]

_ROOTS = {
    "asset": "Assets",
    "clearing": "Assets",
    "suspense": "Assets",
    "liability": "Liabilities",
    "income": "Income",
    "expense": "Expenses",
    "equity": "Equity",
}
# Of a Stripe id: a lower-case letter first, so that its capital can be read back.
_ID = re.compile("[a-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*")
_CURRENCY = re.compile("[a-z][a-z0-9]{1,22}")


@cache
def program_account(ledger_account: str) -> str:
    """The name of an account below its root: `Assets:Bank:Ba-1Nx` for `Bank:ba_1Nx`."""
    root = _ROOTS[type_of(ledger_account)]
    if ledger_account in TYPES:
        return f"{root}:{ledger_account}"
    family, _, id_ = ledger_account.partition(":")
    return f"{root}:{family}:{_component(id_)}"


def _component(id_: str) -> str:
    if _ID.fullmatch(id_):
        return id_[0].upper() + id_[1:].replace("_", "-")
    return "0" + id_.encode().hex()


@cache
def commodity(currency: str) -> str:
    """The name of a currency: its code in capitals."""
    if _CURRENCY.fullmatch(currency):
        return currency.upper()
    return "X-" + currency.encode().hex().upper()
