"""Orders: what one payment is about, gathered from its PaymentIntent, charges and sessions."""

from __future__ import annotations

from typing import Any

from projections.kinds.disputes import DISPUTE
from projections.kinds.early_fraud_warnings import EARLY_FRAUD_WARNING
from projections.kinds.invoices import INVOICE, READ_BY_ORDERS
from projections.kinds.refunds import REFUND
from projections.objects.state import State
from projections.objects.types import Type
from projections.payments.invoice_payments import INVOICE_PAYMENT
from projections.payments.objects import CHARGE, CHECKOUT_SESSION, PAYMENT_INTENT
from projections.payments.order import Order, orders
from projections.rows.condition import Condition
from projections.rows.kind import Field, Kind

__all__ = ["KIND"]


def _value(name: str, type: Type, about: str) -> Field:
    """A field that the PaymentIntent, else the charge, else the session has under its name."""
    return Field(name, type, about, derive=lambda order: order.value(name))


def _of_charge(name: str, type: Type, about: str) -> Field:
    """A field of the charge whose values count."""
    return Field(name, type, about, derive=lambda order: _read(order.charge, name))


def _of_session(name: str, type: Type, about: str) -> Field:
    """A field of the Checkout Session."""
    return Field(name, type, about, derive=lambda order: _read(order.session, name))


def _of_intent(name: str, type: Type, about: str) -> Field:
    """A field of the PaymentIntent."""
    return Field(name, type, about, derive=lambda order: _read(order.intent, name))


def _read(state: State | None, name: str) -> Any:
    return state.values.get(name) if state is not None else None


def _email(order: Order) -> str | None:
    email: str | None = order.buyer("email") or order.value("receipt_email")
    return email


def _status(name: str, about: str, *statuses: str) -> Condition:
    """That the order's status is one of some."""
    wanted = statuses or (name,)
    return Condition(name, about, lambda order: order.status in wanted)


def _dispute(name: str, about: str, status: str) -> Condition:
    """That any of its disputes has a status."""

    def holds(order: Order) -> bool:
        return any(dispute.values.get("status") == status for dispute in order.disputes)

    return Condition(name, about, holds)


_CONDITIONS = (
    _status("authorized", "Its money is authorized and waits to be captured."),
    _status("processing", "It is being paid by a method that takes days."),
    _status("requires_action", "The buyer has to do something, such as confirm at the bank."),
    _status("paid", "Its money was captured, or nothing was to be paid: it can be fulfilled.",
            "paid", "partially_refunded", "refunded"),
    _status("partially_refunded", "A part of its money was refunded."),
    _status("refunded", "All of its money was refunded."),
    _status("failed", "An attempt to pay it failed."),
    _status("canceled", "It was canceled before it was paid."),
    _status("expired", "It expired before it was paid."),
    Condition("disputed", "A dispute holds some of its money, or took it for good.",
              lambda order: order.disputed > 0),
    _dispute("dispute_won", "A dispute of it was won.", "won"),
    _dispute("dispute_lost", "A dispute of it was lost.", "lost"),
)  # fmt: skip

KIND = Kind(
    name="orders",
    object="order",
    about="What one payment is about, from being asked for to being disputed.",
    members=(PAYMENT_INTENT, CHARGE, CHECKOUT_SESSION, REFUND, DISPUTE),
    references=(
        INVOICE.referenced(*READ_BY_ORDERS),
        INVOICE_PAYMENT.referenced("status", "is_default", "detached"),
        EARLY_FRAUD_WARNING.referenced("fraud_type"),
    ),
    summary=("amount", "amount_received", "amount_refunded"),
    joins=frozenset({"payment_intent", "charge", "checkout.session", "refund", "dispute"}),
    aggregates=orders,
    aliases=("charge", "checkout.session", "refund", "dispute", "invoice",
             "radar.early_fraud_warning"),
    fields=(
        Field(
            "status", Type.CODE,
            "`paid`, `partially_refunded`, `refunded`, `canceled`, `authorized`, `processing`,"
            " `requires_action`, `failed`, `expired` or `incomplete`; a dispute is no status.",
            derive=lambda order: order.status, nullable=False,
        ),
        _value("amount", Type.INTEGER, "What was asked for, in the minor unit."),
        Field(
            "amount_received", Type.INTEGER, "What was captured.",
            derive=lambda order: order.received, nullable=False,
        ),
        Field(
            "amount_refunded", Type.INTEGER, "What was given back and did not come home.",
            derive=lambda order: order.refunded, nullable=False,
        ),
        _of_intent(
            "amount_capturable", Type.INTEGER, "What is authorized and may still be captured.",
        ),
        _value("currency", Type.CODE, "Three-letter ISO code, lower case."),
        _value("customer", Type.ID, "The customer."),
        _value("customer_account", Type.ID, "The account that is the customer."),
        _value("description", Type.TEXT, "What the merchant wrote on it."),
        Field(
            "email", Type.TEXT, "The buyer's e-mail address: as billed, else as given at Checkout,"
            " else that of the receipt.",
            derive=_email, personal=True,
        ),
        Field(
            "name", Type.TEXT, "The buyer's name: as billed, else as given at Checkout.",
            derive=lambda order: order.buyer("name"), personal=True,
        ),
        Field(
            "shipping", Type.OBJECT, "Where it is shipped to, as Stripe has it.",
            derive=lambda order: order.value("shipping"), personal=True,
        ),
        Field(
            "charge", Type.ID, "The PaymentIntent's latest charge, else the newest known.",
            derive=lambda order: order.charge_id,
        ),
        _of_charge(
            "balance_transaction", Type.ID,
            "The balance transaction of its charge; may come seconds after the payment.",
        ),
        Field(
            "checkout_session", Type.ID, "The Checkout Session it came through.",
            derive=lambda order: order.session_id,
        ),
        _of_session(
            "client_reference_id", Type.CODE, "The merchant's own reference on the session.",
        ),
        _of_session("payment_link", Type.ID, "The Payment Link that the session came from."),
        Field(
            "invoice", Type.ID, "The invoice it pays; the first of several.",
            derive=lambda order: order.invoices[0] if order.invoices else None,
        ),
        Field(
            "invoices", Type.LIST, "Ids of all invoices it pays, oldest first.",
            derive=lambda order: order.invoices, nullable=False,
        ),
        Field(
            "payment_method_type", Type.CODE, "What it was paid with: card, sepa_debit, …",
            derive=lambda order: order.payment_method_type,
        ),
        _of_charge("card_brand", Type.CODE, "The card's brand: visa, mastercard, amex, …"),
        _of_charge("card_last4", Type.CODE, "The card's last four digits."),
        _of_charge("receipt_url", Type.TEXT, "Where Stripe shows its receipt."),
        _of_charge("risk_level", Type.CODE, "What Radar thought of it: normal, elevated, …"),
        Field(
            "early_fraud_warning", Type.CODE, "The fraud type of its newest early fraud warning.",
            derive=lambda order: order.early_fraud_warning,
        ),
        Field(
            "failure_code", Type.CODE, "Why the last attempt failed, as a code.",
            derive=lambda order: order.failure("failure_code"),
        ),
        Field(
            "failure_message", Type.TEXT, "Why the last attempt failed, in words.",
            derive=lambda order: order.failure("failure_message"),
        ),
        Field(
            "decline_code", Type.CODE, "Why the card's bank declined it.",
            derive=lambda order: order.decline_code,
        ),
        Field(
            "paid_at", Type.TIME, "When an event first showed its money.",
            derive=lambda order: order.paid_at,
        ),
        _of_intent("canceled_at", Type.TIME, "When its PaymentIntent was canceled."),
        _of_intent("cancellation_reason", Type.CODE, "Why its PaymentIntent was canceled."),
        _value("statement_descriptor", Type.TEXT, "What the buyer reads on the statement."),
        _value("application_fee_amount", Type.INTEGER, "The platform's fee."),
        _value("on_behalf_of", Type.ID, "The account that the payment is made for."),
        _value("destination", Type.ID, "The account that the money is transferred to."),
        _value("presentment_amount", Type.INTEGER, "What the buyer saw, in their currency."),
        _value("presentment_currency", Type.CODE, "The currency that the buyer saw."),
        _value("payment_record", Type.ID, "The Payment Record it is reported by."),
        _of_session("amount_subtotal", Type.INTEGER, "Before discounts and taxes, at Checkout."),
        _of_session("amount_tax", Type.INTEGER, "Taxes, at Checkout."),
        _of_session("amount_discount", Type.INTEGER, "Discounts, at Checkout."),
        _of_session("amount_shipping", Type.INTEGER, "Shipping, at Checkout."),
        Field(
            "refunds", Type.LIST, "Ids of its refunds, oldest first.",
            derive=lambda order: [refund.id for refund in order.refunds], nullable=False,
        ),
        Field(
            "disputes", Type.LIST, "Ids of its disputes, oldest first.",
            derive=lambda order: [dispute.id for dispute in order.disputes], nullable=False,
        ),
        Field(
            "dispute_status", Type.CODE, "The status of its newest dispute.",
            derive=lambda order: _read(order.disputes[-1], "status") if order.disputes else None,
        ),
        Field(
            "amount_disputed", Type.INTEGER, "What disputes hold, or took for good.",
            derive=lambda order: order.disputed, nullable=False,
        ),
    ),
    conditions=_CONDITIONS,
    list_filters={"invoice": "invoices"},
    search=("email", "name", "client_reference_id"),
)  # fmt: skip
