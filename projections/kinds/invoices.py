"""Invoices: what is asked for; many events of one can share a second."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from projections.objects.declaration import Embed, Link, Read, StripeObject
from projections.objects.measures import integer, not_null_count
from projections.objects.paths import at
from projections.objects.types import Type, lower
from projections.payments.invoice_lines import LINE
from projections.payments.invoice_payments import INVOICE_PAYMENT, PAYMENT, invoice_payments
from projections.payments.invoices import orders_paying
from projections.payments.objects import CHARGE, CHECKOUT_SESSION, PAYMENT_INTENT
from projections.rows.aggregate import Aggregate
from projections.rows.condition import Condition, status_is
from projections.rows.kind import Field, Kind, reads_of

__all__ = ["INVOICE", "KIND", "READ_BY_ORDERS"]

_LINES_MAX = 10
# Nothing is left to be paid.
_NOT_DUE = ("paid", "void", "deleted")


def _status_of_others(snapshot: Mapping[str, Any]) -> str | None:
    # As the API shows what is deleted; else it is a shape of before 2018.
    if snapshot.get("deleted") is True:
        return "deleted"
    if not {"paid", "closed", "forgiven"} & snapshot.keys():
        return None
    if snapshot.get("paid"):
        return "paid"
    if snapshot.get("forgiven"):
        return "uncollectible"
    if snapshot.get("closed"):
        return "void"
    return "open" if snapshot.get("number") else "draft"


def _sum(value: Any) -> Any:
    """The sum of a list of amounts; older shapes have it themselves."""
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        # What is no amount is left for the decoder to refuse.
        return value
    amounts = [item.get("amount") for item in value]
    return sum(amount for amount in amounts if isinstance(amount, int))


def _orders(invoice: Aggregate) -> list[str]:
    return [order.id for order in orders_paying(invoice.component, invoice.id)]


def _order(invoice: Aggregate) -> str | None:
    return next(iter(_orders(invoice)), None)


def _lines(invoice: Aggregate) -> list[dict[str, Any]] | None:
    lines = invoice.values.get("all_lines")
    return None if lines is None else lines[:_LINES_MAX]


def _lines_has_more(invoice: Aggregate) -> bool | None:
    values = invoice.values
    if len(values.get("all_lines") or ()) > _LINES_MAX:
        return True
    has_more: bool | None = values.get("lines_has_more")
    return has_more


def _from_type(values: dict[str, Any], type: str, created: int) -> None:
    # The snapshot still shows the draft: only the type says that it was deleted.
    if type == "invoice.deleted":
        values["status"] = "deleted"
    # A failed attempt leaves no mark of its own: one under way has been counted, too.
    if type == "invoice.payment_failed":
        values["payment_failed"] = created
    elif values.get("status") in _NOT_DUE:
        # Should it be reopened, that is no new failure.
        values["payment_failed"] = None


def _failed_payment(invoice: Aggregate) -> int:
    """When its last payment failed, while it is to be paid."""
    values = invoice.values
    return 0 if values.get("status") in _NOT_DUE else values.get("payment_failed") or 0


_CONDITIONS = (
    status_is("open", "It was finalized, and is to be paid."),
    status_is("paid", "It was paid."),
    Condition("payment_failed", "An attempt to pay it failed, and it is not paid: once for each.",
              _failed_payment),
    status_is("uncollectible", "It was marked as never to be paid."),
    status_is("void", "It was voided."),
)  # fmt: skip


_FIELDS = (
    Field(
        "status", Type.CODE, "Stripe's status, or `deleted` for a deleted draft.", at("status"),
        fallback=_status_of_others,
    ),
    Field("number", Type.CODE, "The number the customer sees.", at("number")),
    Field("customer", Type.ID, "The customer.", at("customer")),
    Field(
        "customer_account", Type.ID, "The account that is the customer.", at("customer_account")
    ),
    Field(
        "customer_email", Type.TEXT, "The customer's e-mail address when it was finalized.",
        at("customer_email"), personal=True,
    ),
    Field(
        "customer_name", Type.TEXT, "The customer's name when it was finalized.",
        at("customer_name"), personal=True,
    ),
    Field(
        "subscription", Type.ID, "The subscription it bills.",
        at("parent.subscription_details.subscription", "subscription"),
    ),
    Field(
        "order", Type.ID, "The order that pays it; of several, that of the default payment. Known"
        " or not, it is a PaymentIntent or a charge; null where it was paid outside of Stripe.",
        derive=_order,
    ),
    Field(
        "orders", Type.LIST, "Ids of all orders that pay it, the default payment's first.",
        derive=_orders, nullable=False,
    ),
    Field(
        "payments", Type.LIST, "The payments attached to it, oldest first; since 2025-03-31.",
        derive=invoice_payments, items=PAYMENT, nullable=False,
    ),
    Field("amount_due", Type.INTEGER, "What is due, in the minor unit.", at("amount_due")),
    Field("amount_paid", Type.INTEGER, "What was paid.", at("amount_paid")),
    Field("amount_remaining", Type.INTEGER, "What is left to pay.", at("amount_remaining")),
    Field(
        "amount_overpaid", Type.INTEGER, "What was paid beyond what was due.",
        at("amount_overpaid"),
    ),
    Field(
        "amount_paid_off_stripe", Type.INTEGER, "What was paid outside of Stripe.",
        at("amount_paid_off_stripe"),
    ),
    Field(
        "paid_out_of_band", Type.BOOLEAN,
        "Whether it was marked as paid outside of Stripe; told before 2025-03-31 only.",
        at("paid_out_of_band"),
    ),
    Field("subtotal", Type.INTEGER, "Before discounts and taxes.", at("subtotal")),
    Field(
        "discount", Type.INTEGER, "The sum of its discounts.",
        at("total_discount_amounts"), convert=_sum,
    ),
    Field(
        "tax", Type.INTEGER, "The sum of its taxes.",
        at("total_taxes", "tax", "total_tax_amounts"), convert=_sum,
    ),
    Field("total", Type.INTEGER, "The total after discounts and taxes.", at("total")),
    Field(
        "starting_balance", Type.INTEGER, "The customer's balance before it was finalized.",
        at("starting_balance"),
    ),
    Field(
        "ending_balance", Type.INTEGER, "The customer's balance after it was finalized.",
        at("ending_balance"),
    ),
    Field(
        "pre_payment_credit_notes_amount", Type.INTEGER,
        "What credit notes took off before it was paid.", at("pre_payment_credit_notes_amount"),
    ),
    Field(
        "post_payment_credit_notes_amount", Type.INTEGER,
        "What credit notes gave back after it was paid.", at("post_payment_credit_notes_amount"),
    ),
    Field(
        "currency", Type.CODE, "Three-letter ISO code, lower case.", at("currency"),
        convert=lower,
    ),
    Field("attempt_count", Type.INTEGER, "How often payment was tried.", at("attempt_count")),
    Field(
        "next_payment_attempt", Type.TIME, "When payment is tried next.",
        at("next_payment_attempt"),
    ),
    Field("auto_advance", Type.BOOLEAN, "Whether Stripe goes on collecting.", at("auto_advance")),
    Field("period_start", Type.TIME, "Start of the period it looks back on.", at("period_start")),
    Field("period_end", Type.TIME, "End of the period it looks back on.", at("period_end")),
    Field("due_date", Type.TIME, "Until when it is to be paid.", at("due_date")),
    Field(
        "finalized_at", Type.TIME, "When it was finalized.",
        at("status_transitions.finalized_at", "finalized_at"),
    ),
    Field("paid_at", Type.TIME, "When it was paid.", at("status_transitions.paid_at")),
    Field(
        "finalization_error", Type.CODE, "Why it could not be finalized, as a code.",
        at("last_finalization_error.code"),
    ),
    Field("billing_reason", Type.CODE, "What made it.", at("billing_reason")),
    Field(
        "collection_method", Type.CODE, "`charge_automatically` or `send_invoice`.",
        at("collection_method", "billing"),
    ),
    Field(
        "hosted_invoice_url", Type.TEXT, "Where the customer can look at it and pay it.",
        at("hosted_invoice_url"),
    ),
    Field("invoice_pdf", Type.TEXT, "Where its PDF is.", at("invoice_pdf")),
    Field(
        "lines", Type.LIST, "Its first ten lines, in Stripe's order.",
        derive=_lines, items=LINE,
    ),
    Field(
        "lines_has_more", Type.BOOLEAN, "Whether it has more lines than these.",
        derive=_lines_has_more,
    ),
)  # fmt: skip

INVOICE = StripeObject(
    "invoice",
    event_types=("invoice.*",),
    reads=(
        Read("created", Type.TIME, at("created", "date")),
        *reads_of(*_FIELDS),
        # Of the newest snapshot that has the keys: an invoice paid outside lets go of them.
        Read("payment_intent", Type.ID, at("payment_intent")),
        Read("charge", Type.ID, at("charge")),
        Read("all_lines", Type.LIST, at("lines.data"), items=reads_of(*LINE)),
        Read("lines_has_more", Type.BOOLEAN, at("lines.has_more")),
    ),
    terminal=frozenset({"paid", "void", "deleted"}),
    progress=(not_null_count("status_transitions"), integer("amount_paid")),
    type_order=(
        "created",
        "updated",
        "finalized",
        "sent|payment_action_required",
        "payment_failed",
        "marked_uncollectible",
        "paid|payment_succeeded|voided",
        "deleted",
    ),
    status_order=("draft", "open", "uncollectible", "void", "paid", "deleted"),
    tie_breakers=(integer("attempt_count"),),
    links=(
        Link("payment_intent", at("payment_intent", "payments.data.*.payment.payment_intent")),
        Link("charge", at("charge", "payments.data.*.payment.charge")),
        Link("invoice_payment", at("payments.data")),
    ),
    embeds=(Embed("invoice_payment", "payments.data"),),
    from_event_type=_from_type,
    # A preview of what may come: no invoice has it.
    ignored_types=frozenset({"invoice.upcoming"}),
)

# What orders need to know of an invoice.
READ_BY_ORDERS = (
    "status", "payment_intent", "charge", "paid_out_of_band", "amount_paid_off_stripe",
    "amount_paid",
)  # fmt: skip

KIND = Kind(
    name="invoices",
    object="invoice",
    about="Invoices and what became of them.",
    members=(INVOICE,),
    references=(
        INVOICE_PAYMENT.referenced(
            "status", "is_default", "amount_paid", "amount_requested", "payment_record", "detached"
        ),
        PAYMENT_INTENT.referenced("status"),
        CHARGE.referenced(),
        CHECKOUT_SESSION.referenced("mode"),
    ),
    joins=frozenset({"invoice"}),
    fields=_FIELDS,
    summary=("total", "amount_paid", "amount_remaining"),
    conditions=_CONDITIONS,
    list_filters={"order": "orders"},
    search=("number", "customer_email", "customer_name"),
)
