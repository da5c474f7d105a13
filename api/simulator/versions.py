"""What each API version of Stripe shows: every date at which a field moved, stated once.

Both the shapes (what a body looks like) and the facts (what a body says) read it, so that a
version's facts are exactly those that its bodies show.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

API_VERSIONS: tuple[str, ...] = (
    "2019-02-11",
    "2019-03-14",
    "2019-11-05",
    "2019-12-03",
    "2020-03-02",
    "2020-08-27",
    "2022-08-01",
    "2022-11-15",
    "2024-06-20",
    "2024-10-28.acacia",
    "2025-03-31.basil",
    "2025-05-28.basil",
    "2025-10-29.clover",
    "2026-03-25.dahlia",
    "2026-07-29.dahlia",
    "2026-10-28.endive",
)

TYPES_SINCE: Mapping[str, str] = MappingProxyType(
    {
        "refund.created": "2024-10-28",
        "refund.updated": "2024-10-28",
        "refund.failed": "2024-10-28",
        "invoice_payment.paid": "2025-05-28",
        "invoice_payment.detached": "2026-01-28",
        "price.created": "2020-03-02",
        "price.updated": "2020-03-02",
        "price.deleted": "2020-03-02",
        # They are older, but without an id, so that no row could be theirs.
        "customer.discount.created": "2020-08-27",
        "customer.discount.updated": "2020-08-27",
        "customer.discount.deleted": "2020-08-27",
        "credit_note.created": "2019-03-14",
        "credit_note.updated": "2019-03-14",
        "credit_note.voided": "2019-03-14",
        "radar.early_fraud_warning.created": "2019-11-05",
        "radar.early_fraud_warning.updated": "2019-11-05",
        "invoice.paid": "2020-03-02",
        "customer.subscription.paused": "2022-11-15",
        "customer.subscription.resumed": "2022-11-15",
        "payout.reconciliation_completed": "2022-11-15",
    }
)
"""The event types that not every version of `API_VERSIONS` has, with the day they were added."""

RELEASES_UNTIL = "2025-03-31"
"""Before, what was released of an authorization became a Refund object; since then it does not."""


class ApiVersion:
    """One API version, with a flag for each difference between versions that a body shows."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.day = day = name[:10]
        self.card_source = day < "2019-03-14"
        self.created_named_date = day < "2019-03-14"
        self.status_transitions = day >= "2019-03-14"
        self.start_date = day >= "2019-03-14"
        self.billing = day < "2019-10-17"
        self.refund_names_intent = day >= "2019-11-05"
        self.dispute_names_intent = day >= "2019-11-05"
        self.charge_names_dispute = day < "2019-12-03"
        self.price = day >= "2020-03-02"
        self.session_total = day >= "2020-03-02"
        self.amount_captured = day >= "2020-08-27"
        self.session_status = day >= "2020-08-27"
        self.payout_reversal = day >= "2020-08-27"
        self.total_discount_amounts = day >= "2020-08-27"
        self.subscription_plan = day < "2020-08-27"
        self.latest_charge = day >= "2022-08-01"
        self.lists_charges = day < "2022-11-15"
        self.lists_refunds = day < "2022-11-15"
        self.reconciliation_status = day >= "2022-11-15"
        self.charge_network = day >= "2024-06-20"
        self.fee_source = day >= "2024-06-20"
        self.payout_trace = day >= "2024-11-20"
        self.parent = day >= "2025-03-31"
        self.names_invoice = day < "2025-03-31"
        self.item_period = day >= "2025-03-31"
        self.discounts = day >= "2025-03-31"
        self.credit_note_refunds = day >= "2025-03-31"
        self.presentment = day >= "2025-03-31"
        self.pending_reason = day >= "2025-04-30"
        self.billing_mode = day >= "2025-05-28"
        self.balance_type = day >= "2025-05-28"
        self.payout_method = day >= "2025-08-27"
        self.discount_source = day >= "2025-09-30"
        self.order_reference = day >= "2025-10-29"
        self.customer_account = day >= "2025-12-15"
        self.ui_mode_page = day >= "2026-03-25"
        self.paid_off_stripe = day >= "2026-05-27"
        self.payment_record = day >= "2026-07-29"
        self.refund_customer = day >= "2026-07-29"
        self.dispute_network = day >= "2026-07-29"
        self.status_details = day >= "2026-09-30"

    def has_type(self, event_type: str) -> bool:
        """Whether Stripe sends events of that type to endpoints of this version."""
        return self.day >= TYPES_SINCE.get(event_type, "")


@cache
def api_version(name: str) -> ApiVersion:
    """Return the `ApiVersion` of a name; it may be any that begins with a date."""
    return ApiVersion(name)
