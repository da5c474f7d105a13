"""One story in every API version: what two versions both tell, the rows say alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from api.simulator import API_VERSIONS, STORIES, story
from projections import KINDS
from tests.projections.histories import Rows, rows

# Versions differ in the event types they have, so these differ rightly in any kind.
COUNTED = {"events", "updated"}


@dataclass(frozen=True)
class Silence:
    """What some versions cannot tell: fields of a kind (all: the row), in some or all stories."""

    kind: str
    fields: frozenset[str] | None
    versions: Callable[[str], bool]
    stories: frozenset[str] | None = None


def before(day: str) -> Callable[[str], bool]:
    return lambda version: version < day


def between(first: str, last: str) -> Callable[[str], bool]:
    return lambda version: first <= version < last


def since(day: str) -> Callable[[str], bool]:
    return lambda version: version >= day


def fields(*names: str) -> frozenset[str]:
    return frozenset(names)


_PAGES = fields("nothing_to_pay", "session_named_by_its_intent", "session_before_its_intent")
_NAMED = fields("session_named_by_its_intent")
_OPEN = fields("invoice_overdue", "invoice_voided", "trial_that_converts_and_lapses")
_RELEASED = fields(
    "authorisation_expired",
    "authorisation_voided",
    "authorised_then_partly_captured",
    "captured_in_parts",
    "partly_captured_refund_fails",
    "partly_captured_refund_told_by_itself",
)

SILENCES = (
    # Refunds were told inside `charge.refunded` until 2022-11-15, and by their own types since
    # 2024-10-28; between, only some methods' refunds had an event.
    Silence("refunds", None, between("2022-11-15", "2024-10-28")),
    Silence("orders", fields("refunds"), between("2022-11-15", "2024-10-28")),
    Silence("refunds", fields("order"), before("2019-11-05")),
    Silence("disputes", fields("order"), before("2019-11-05")),
    # What was released of an authorization was a refund until 2025-03-31, and is none since.
    Silence("refunds", None, before("2025-03-31"), _RELEASED),
    Silence("orders", fields("refunds"), before("2025-03-31"), _RELEASED),
    # Nothing told of a refund that its charge does not tell of.
    Silence("orders", fields("status", "amount_refunded"), before("2024-10-28"),
            fields("partly_captured_refund_told_by_itself")),
    Silence("refunds", fields("pending_reason"), before("2025-04-30")),
    Silence("refunds", fields("customer", "customer_account", "payment_method"),
            before("2026-07-29")),
    Silence("disputes", fields("case_type"), before("2024-06-20")),
    Silence("disputes", fields("network"), before("2026-07-29")),
    Silence("early_fraud_warnings", None, before("2019-11-05")),
    Silence("orders", fields("early_fraud_warning"), before("2019-11-05")),
    Silence("payouts", fields("original_payout", "reversed_by"), before("2020-08-27")),
    Silence("payouts", fields("reconciliation_status"), before("2022-11-15")),
    Silence("payouts", fields("trace_id"), before("2024-11-20")),
    Silence("payouts", fields("payout_method"), before("2025-08-27")),
    Silence("application_fees", fields("fee_source", "payout"), before("2024-06-20")),
    Silence("balance_transactions", fields("balance_type"), before("2025-05-28")),
    Silence("invoices", fields("paid_at"), before("2019-03-14")),
    # Basil took the PaymentIntent out of the invoice; `invoice_payment.paid` told it again two
    # months later, though only of invoices that are paid.
    Silence("invoices", fields("order", "orders"), between("2025-03-31", "2025-05-28")),
    Silence("invoices", fields("order", "orders"), between("2025-03-31", "2025-10-29"), _OPEN),
    Silence("orders", fields("invoice", "invoices"), between("2025-03-31", "2025-05-28")),
    Silence("orders", fields("invoice", "invoices"), between("2025-03-31", "2025-10-29"), _OPEN),
    # Before there were invoice payments, an invoice named one payment; none could be detached.
    Silence("invoices", fields("payments"), before("2025-05-28")),
    Silence("invoices", fields("orders"), before("2025-05-28"),
            fields("invoice_paid_by_two_payments")),
    Silence("orders", fields("invoice", "invoices"), before("2025-05-28"),
            fields("invoice_paid_by_two_payments")),
    Silence("orders", fields("invoice", "invoices"), between("2025-05-28", "2025-10-29"),
            fields("one_payment_for_two_invoices")),
    Silence("invoices", fields("orders"), between("2025-05-28", "2025-10-29"),
            fields("one_payment_for_two_invoices")),
    Silence("invoices", fields("order", "orders", "payments"), before("2026-01-28"),
            fields("invoice_reopened")),
    Silence("orders", fields("invoice", "invoices"), before("2026-01-28"),
            fields("invoice_reopened")),
    Silence("invoices", fields("amount_overpaid"), before("2025-03-31")),
    Silence("invoices", fields("paid_out_of_band"), since("2025-03-31")),
    Silence("invoices", fields("amount_paid_off_stripe"), before("2026-05-27")),
    Silence("invoices", fields("discount"), before("2020-08-27")),
    # Young Checkout Sessions told neither amount, status nor date.
    Silence("orders", fields("amount", "currency"), before("2020-03-02"), _PAGES),
    Silence("orders", fields("amount_subtotal", "amount_tax", "amount_discount",
                             "amount_shipping"), before("2020-03-02")),
    Silence("orders", fields("payment_link"), before("2020-08-27")),
    Silence("orders", fields("status", "created", "paid_at", "email", "name"),
            before("2020-08-27"), _PAGES),
    # Nothing joined such a session to its PaymentIntent before `order_reference`.
    Silence("orders", None, before("2025-10-29"), _NAMED),
    Silence("orders", fields("presentment_amount", "presentment_currency"),
            before("2025-03-31")),
    Silence("orders", fields("payment_record"), before("2026-07-29")),
    # A customer who is a v2 Account was only a customer before.
    *(Silence(kind, fields("customer_account"), before("2025-12-15")) for kind in KINDS),
    Silence("subscriptions", fields("billing_mode"), before("2025-05-28")),
    Silence("subscriptions", fields("paused_reason"), before("2026-09-30")),
    # The items had no period of their own until 2025-03-31, and no lookup key before prices.
    Silence("subscriptions", fields("items"), before("2025-03-31"), fields("mixed_intervals")),
    Silence("subscriptions", fields("items"), before("2020-03-02"),
            fields("metered_subscription")),
    Silence("prices", None, before("2020-03-02")),
    Silence("credit_notes", None, before("2019-03-14")),
    # Discounts had no id until 2020-08-27; since 2025-09-30 they only name their coupon.
    Silence("discounts", None, before("2020-08-27")),
    Silence("discounts", fields("percent_off", "amount_off", "currency", "duration", "valid"),
            since("2025-09-30")),
)  # fmt: skip


def known(kind: str, field: str | None, version: str, name: str) -> bool:
    """Whether a version can tell a field (or, with None, the row) in a story."""
    return not any(
        silence.kind == kind
        and (silence.fields is None or field in silence.fields)
        and silence.versions(version)
        and (silence.stories is None or name in silence.stories)
        for silence in SILENCES
    )


@pytest.mark.parametrize("name", STORIES)
def test_versions_agree_on_what_both_can_know(name: str) -> None:
    """No two API versions of one story differ in a field that both can tell."""
    by_version: dict[str, Rows] = {
        version: rows(story(name, api_version=version).events) for version in API_VERSIONS
    }

    for kind in KINDS:
        tellers = [version for version in API_VERSIONS if known(kind, None, version, name)]
        keys = {version: set(by_version[version][kind]) for version in tellers}
        assert all(ids == keys[tellers[-1]] for ids in keys.values()), (kind, keys)
        for key in keys[tellers[-1]]:
            for field in {column.name for column in KINDS[kind].columns} - COUNTED - {"position"}:
                values = {
                    version: by_version[version][kind][key][field]
                    for version in tellers
                    if known(kind, field, version, name)
                }
                assert len({repr(value) for value in values.values()}) <= 1, (kind, field, values)
