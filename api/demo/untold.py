"""What a ledger cannot know that asks Stripe afterwards: the one list of what is not compared."""

from __future__ import annotations

from collections.abc import Mapping

from api.simulator import Row, Story, Truth

__all__ = ["LOSS_OF_ACCESS", "asked_truth", "is_comparable", "without_untold"]

# How old a row is by its own events.
_BY_EVENTS = frozenset({"events", "updated", "position"})
# When a payment, a payout or a dispute's money came to its end: no object shows it.
_ONLY_EVENTS_TELL: Mapping[str, frozenset[str]] = {
    "orders": frozenset({"paid_at"}),
    "payouts": frozenset({"paid_at", "failed_at"}),
    "disputes": frozenset({"funds_withdrawn_at", "funds_reinstated_at"}),
}
# That a session's payment failed, an authorization expired, or a payment was detached, no object
# shows; of an account that took its access away nothing is listed any more.
LOSS_OF_ACCESS = "account.application.deauthorized"
_TOLD_BY_TYPE = frozenset(
    {
        "checkout.session.async_payment_failed",
        "charge.expired",
        "invoice_payment.detached",
        LOSS_OF_ACCESS,
    }
)
# No event was ever sent of its PaymentIntent, which is listed all the same and says more.
_LISTED_UNHEARD = "charge_of_an_unheard_intent"
# They are neither listed nor fetched by themselves: who has them shows them.
_NOT_LISTED = frozenset({"discounts"})
# All that is shown of a deleted object, and what says where it is.
_OF_DELETED = frozenset({"object", "id", "account", "livemode", "deleted", "status"})


def is_comparable(story: Story) -> bool:
    """Whether objects show what became of a story, so that who asks for them can know it."""
    types = {event["type"] for event in story.events}
    return not types & _TOLD_BY_TYPE and story.name != _LISTED_UNHEARD


def asked_truth(truth: Truth, *, has_deleted: bool) -> Truth:
    """The rows that the truth has, as far as who asks for the objects can know them.

    ``has_deleted``: events told that objects were deleted, which no list has.
    """
    return {
        kind: {
            id: _shown(row) for id, row in of_kind.items() if has_deleted or not _is_deleted(row)
        }
        for kind, of_kind in without_untold(truth).items()
        if kind not in _NOT_LISTED
    }


def without_untold(rows: Mapping[str, Mapping[str, Row]]) -> dict[str, dict[str, Row]]:
    """Rows without the fields that only events tell."""
    return {
        kind: {
            id: {
                name: value
                for name, value in row.items()
                if name not in _BY_EVENTS | _ONLY_EVENTS_TELL.get(kind, frozenset())
            }
            for id, row in of_kind.items()
        }
        for kind, of_kind in rows.items()
    }


def _shown(row: Row) -> Row:
    if not _is_deleted(row):
        return row
    return {name: value for name, value in row.items() if name in _OF_DELETED}


def _is_deleted(row: Row) -> bool:
    return bool(row.get("deleted")) or row.get("status") == "deleted"
