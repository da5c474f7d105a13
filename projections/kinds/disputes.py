"""Disputes: money taken back by a buyer's bank; no status of one is safely final."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from projections.objects.declaration import Embed, Link, MergedList, Read, StripeObject
from projections.objects.paths import at
from projections.objects.types import Type, lower
from projections.payments.links import order_of
from projections.payments.objects import CHARGE, PAYMENT_INTENT
from projections.rows.aggregate import Aggregate
from projections.rows.condition import Condition, status_is
from projections.rows.kind import Field, Kind, reads_of

__all__ = ["DISPUTE", "KIND"]


def _has_moved(values: Mapping[str, Any], sign: int) -> bool:
    transactions = values.get("balance_transactions", {}).values()
    return any((each.get("amount") or 0) * sign > 0 for each in transactions)


def _moved_at(dispute: Aggregate, name: str, sign: int) -> int | None:
    """When an event first showed money moved; where none did, the transaction's own time."""
    assert dispute.root is not None
    seen = dispute.root.first_seen
    if name not in seen or seen[name] is not None:
        return seen.get(name)
    moved = (each for each in _transactions(dispute) if (each.get("amount") or 0) * sign > 0)
    return min((each["created"] for each in moved if each.get("created")), default=None)


def _transactions(dispute: Aggregate) -> list[dict[str, Any]]:
    assert dispute.root is not None
    by_id = dispute.root.merged.get("balance_transactions", {})
    return [by_id[id] for id in sorted(by_id)]


_FIELDS = (
    Field("status", Type.CODE, "Stripe's status; even `lost` may be reopened.", at("status")),
    Field("amount", Type.INTEGER, "Amount disputed, in the minor unit.", at("amount")),
    Field(
        "currency", Type.CODE, "Three-letter ISO code, lower case.", at("currency"),
        convert=lower,
    ),
    Field("charge", Type.ID, "The charge that is disputed.", at("charge")),
    Field(
        "order", Type.ID,
        "The order disputed: its PaymentIntent, or what the charge belongs to.",
        derive=order_of,
    ),
    Field("reason", Type.CODE, "The reason the bank gave.", at("reason")),
    Field(
        "evidence_due_by", Type.TIME, "Until when evidence can be handed in.",
        at("evidence_details.due_by"),
        # 0 is what versions say where nothing can be handed in.
        convert=lambda due_by: due_by or None,
    ),
    Field(
        "past_due", Type.BOOLEAN, "Whether evidence was handed in too late.",
        at("evidence_details.past_due"),
    ),
    Field(
        "has_evidence", Type.BOOLEAN, "Whether evidence was saved.",
        at("evidence_details.has_evidence"),
    ),
    Field(
        "submission_count", Type.INTEGER, "How often evidence was handed in.",
        at("evidence_details.submission_count"),
    ),
    Field(
        "network", Type.CODE, "The card's network: visa, mastercard, …",
        at("payment_method_details.card.network"),
    ),
    Field(
        "network_reason_code", Type.CODE, "The network's own code for the reason.",
        at("payment_method_details.card.network_reason_code", "network_reason_code"),
    ),
    Field(
        "case_type", Type.CODE, "`inquiry`, `chargeback`, `compliance`, …",
        at("payment_method_details.card.case_type"),
    ),
    Field(
        "is_charge_refundable", Type.BOOLEAN, "Whether a refund would still end it.",
        at("is_charge_refundable"),
    ),
    Field(
        "funds_withdrawn_at", Type.TIME, "When an event first showed the money withdrawn.",
        derive=lambda dispute: _moved_at(dispute, "funds_withdrawn_at", -1),
    ),
    Field(
        "funds_reinstated_at", Type.TIME, "When an event first showed the money given back.",
        derive=lambda dispute: _moved_at(dispute, "funds_reinstated_at", +1),
    ),
    Field(
        "net", Type.INTEGER, "What it did to the balance so far: the sum of its transactions' net.",
        derive=lambda dispute: sum(each.get("net") or 0 for each in _transactions(dispute)),
        nullable=False,
    ),
    Field(
        "fees", Type.INTEGER, "The sum of its transactions' fees.",
        derive=lambda dispute: sum(each.get("fee") or 0 for each in _transactions(dispute)),
        nullable=False,
    ),
    Field(
        "net_currency", Type.CODE, "The currency of `net` and `fees`.",
        derive=lambda dispute: next(
            (each["currency"].lower() for each in _transactions(dispute) if each.get("currency")),
            None,
        ),
    ),
)  # fmt: skip

DISPUTE = StripeObject(
    "dispute",
    event_types=("charge.dispute.*",),
    reads=reads_of(*_FIELDS),
    type_order=("created", "funds_withdrawn", "updated", "funds_reinstated", "closed"),
    status_order=(
        "warning_needs_response|warning_under_review|warning_closed",
        "needs_response",
        "under_review",
        "prevented",
        "lost",
        "appeal_needs_response|appeal_under_review",
        "won",
    ),
    links=(
        Link("charge", at("charge")),
        Link("payment_intent", at("payment_intent")),
        Link("balance_transaction", at("balance_transactions")),
    ),
    embeds=(Embed("balance_transaction", "balance_transactions"),),
    merged_lists={
        "balance_transactions": MergedList(
            "balance_transactions",
            (
                Read("created", Type.TIME, at("created")),
                Read("amount", Type.INTEGER, at("amount")),
                Read("net", Type.INTEGER, at("net")),
                Read("fee", Type.INTEGER, at("fee")),
                Read("currency", Type.CODE, at("currency")),
            ),
        )
    },
    first_seen={
        "funds_withdrawn_at": lambda values, type: (
            type.endswith(".funds_withdrawn") or _has_moved(values, -1)
        ),
        "funds_reinstated_at": lambda values, type: (
            type.endswith(".funds_reinstated") or _has_moved(values, +1)
        ),
    },
)

KIND = Kind(
    name="disputes",
    object="dispute",
    about="Payments that a buyer's bank disputes.",
    members=(DISPUTE,),
    references=(CHARGE.referenced(), PAYMENT_INTENT.referenced()),
    joins=frozenset({"dispute", "charge", "payment_intent"}),
    summary=("amount",),
    conditions=(
        status_is("warning", "The bank asks before it disputes: an inquiry.",
                  "warning_needs_response", "warning_under_review"),
        status_is("needs_response", "Evidence has to be handed in.",
                  "needs_response", "appeal_needs_response"),
        Condition("funds_withdrawn", "Its money was taken from the balance.",
                  lambda dispute: "funds_withdrawn_at" in dispute.root.first_seen),
        Condition("funds_reinstated", "Money of it was given back to the balance.",
                  lambda dispute: "funds_reinstated_at" in dispute.root.first_seen),
        status_is("won", "The bank decided for the merchant."),
        status_is("lost", "The bank decided for the buyer."),
    ),
    fields=_FIELDS,
)  # fmt: skip
