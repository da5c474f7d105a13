"""Balance transactions: each movement of the balance at Stripe, with its fee and its payout."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from projections.kinds.disputes import DISPUTE
from projections.objects.declaration import Read, StripeObject
from projections.objects.paths import at
from projections.objects.types import Type, lower, not_empty
from projections.rows.kind import Field, Kind, reads_of

__all__ = ["BALANCE_TRANSACTION", "KIND"]


def _text(rate: Any) -> Any:
    """A number as it is written, without an exponent; what is none is left to be refused."""
    if type(rate) not in (int, float):
        return rate
    return format(Decimal(repr(rate)), "f")


_FEE = (
    Field("type", Type.CODE, "`stripe_fee`, `application_fee`, `tax`, …", at("type")),
    Field("amount", Type.INTEGER, "Amount of the fee, in the minor unit.", at("amount")),
    Field(
        "currency", Type.CODE, "Three-letter ISO code, lower case.", at("currency"),
        convert=lower,
    ),
    Field("description", Type.TEXT, "What it is for, in words.", at("description")),
    Field("application", Type.ID, "The application that earns it.", at("application")),
)  # fmt: skip

_FIELDS = (
    Field("status", Type.CODE, "`pending` until it is available.", at("status")),
    Field("amount", Type.INTEGER, "Gross amount in the minor unit; signed.", at("amount")),
    Field("fee", Type.INTEGER, "What is kept of it, in the minor unit.", at("fee")),
    Field("net", Type.INTEGER, "What it does to the balance: amount less fee.", at("net")),
    Field(
        "currency", Type.CODE, "The balance's currency: ISO code, lower case.", at("currency"),
        convert=lower,
    ),
    Field("type", Type.CODE, "What moved: `charge`, `payout`, `adjustment`, …", at("type")),
    Field(
        "reporting_category", Type.CODE, "What it counts as in Stripe's reports.",
        at("reporting_category"),
    ),
    Field("source", Type.ID, "The object that moved the money.", at("source")),
    Field("available_on", Type.TIME, "From when on it can be paid out.", at("available_on")),
    Field(
        "exchange_rate", Type.TEXT, "The rate from the source's currency, as a text.",
        at("exchange_rate"),
        convert=_text,
    ),
    Field(
        "payout", Type.ID, "The payout it is a part of, once Stripe has told.",
        # No balance transaction names it: only where it was listed by payout it is known.
        at("payout"),
    ),
    Field("fee_details", Type.LIST, "The parts of the fee.", at("fee_details"), items=_FEE),
    Field("description", Type.TEXT, "What it is, in words.", at("description")),
    Field(
        "balance_type", Type.CODE, "Which balance moved: `payments`, `issuing`, …",
        at("balance_type"),
    ),
)  # fmt: skip

# No event is about one: disputes show theirs, all others are recorded from the API.
BALANCE_TRANSACTION = StripeObject(
    "balance_transaction",
    reads=(
        *reads_of(*_FIELDS),
        # Stripe gives them none; an empty text was seen where others had kept one.
        Read("metadata", Type.OBJECT, at("metadata"), not_empty),
    ),
    terminal=frozenset({"available"}),
    status_order=("pending", "available"),
)

KIND = Kind(
    name="balance_transactions",
    object="balance_transaction",
    about="Movements of the balance at Stripe.",
    members=(BALANCE_TRANSACTION,),
    references=(DISPUTE.referenced(),),
    fields=_FIELDS,
)
