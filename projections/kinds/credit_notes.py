"""Credit notes: what an invoice asks for less than it did, or gives back."""

from __future__ import annotations

from projections.objects.declaration import StripeObject
from projections.objects.paths import at
from projections.objects.types import Type, lower
from projections.rows.kind import Field, Kind, reads_of

__all__ = ["CREDIT_NOTE", "KIND"]

_FIELDS = (
    Field("status", Type.CODE, "`issued` or `void`.", at("status")),
    Field("invoice", Type.ID, "The invoice it corrects.", at("invoice")),
    Field("customer", Type.ID, "The customer.", at("customer")),
    Field("customer_account", Type.ID, "The account that is the customer.",
          at("customer_account")),
    Field("amount", Type.INTEGER, "What is credited, in the minor unit.", at("amount")),
    Field(
        "currency", Type.CODE, "Three-letter ISO code, lower case.", at("currency"),
        convert=lower,
    ),
    Field("type", Type.CODE, "`pre_payment`, `post_payment` or `mixed`.", at("type")),
    Field("reason", Type.CODE, "Why it was issued.", at("reason")),
    Field("number", Type.CODE, "The number the customer sees.", at("number")),
    Field(
        "pre_payment_amount", Type.INTEGER, "What the invoice asked for less before it was paid.",
        at("pre_payment_amount"),
    ),
    Field(
        "post_payment_amount", Type.INTEGER, "What was given back after the invoice was paid.",
        at("post_payment_amount"),
    ),
    Field(
        "refund", Type.ID, "The refund that gives it back; the first of several.",
        at("refunds.0.refund", "refund"),
    ),
)  # fmt: skip

CREDIT_NOTE = StripeObject(
    "credit_note",
    event_types=("credit_note.*",),
    reads=reads_of(*_FIELDS),
    terminal=frozenset({"void"}),
    type_order=("created", "updated", "voided"),
    status_order=("issued", "void"),
)

KIND = Kind(
    name="credit_notes",
    object="credit_note",
    about="Corrections of invoices.",
    members=(CREDIT_NOTE,),
    search=("number",),
    fields=_FIELDS,
)
