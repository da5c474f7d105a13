"""Customers: who pays; an account may be one too."""

from __future__ import annotations

from projections.objects.declaration import StripeObject
from projections.objects.deletion import DELETED, deletion
from projections.objects.paths import at
from projections.objects.types import Type, lower
from projections.rows.kind import Field, Kind, reads_of

__all__ = ["CUSTOMER", "KIND"]

_FIELDS = (
    Field("email", Type.TEXT, "The e-mail address.", at("email"), personal=True),
    Field(
        "name", Type.TEXT, "The full name, or the business's.", at("name"), personal=True
    ),
    Field("phone", Type.TEXT, "The telephone number.", at("phone"), personal=True),
    Field("country", Type.CODE, "Two-letter ISO code, of the address.", at("address.country")),
    Field(
        "balance", Type.INTEGER,
        "What the next invoice adds, in the minor unit; below zero it is a credit.",
        at("balance", "account_balance"),
    ),
    Field(
        "currency", Type.CODE, "Three-letter ISO code, lower case.", at("currency"),
        convert=lower,
    ),
    Field(
        "delinquent", Type.BOOLEAN, "Whether the latest invoice is overdue or its payment failed.",
        at("delinquent"),
    ),
    Field(
        "default_payment_method", Type.ID,
        "What its invoices are paid with; where it has none, the older default source.",
        at("invoice_settings.default_payment_method", "default_source", "default_card"),
    ),
    Field("customer_account", Type.ID, "The account that is this customer.",
          at("customer_account")),
    Field("deleted", Type.BOOLEAN, "Whether it was deleted.", at("deleted")),
)  # fmt: skip

CUSTOMER = StripeObject(
    "customer",
    event_types=("customer.created", "customer.updated", "customer.deleted"),
    reads=reads_of(*_FIELDS),
    terminal=frozenset({DELETED}),
    type_order=("created", "updated", "deleted"),
    from_event_type=deletion,
)

KIND = Kind(
    name="customers",
    object="customer",
    about="Who pays: people, businesses, and accounts that are customers.",
    members=(CUSTOMER,),
    search=("email", "name"),
    fields=_FIELDS,
)
