"""The money of an order: what was captured, and what was really refunded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from projections.objects.state import State

__all__ = ["captured", "disputed", "received", "refunded"]

# Refunds under way or done; the money of a failed or canceled one stayed or came back.
_LIVE = ("pending", "succeeded", "requires_action")


def received(intent: State | None, charges: Sequence[State]) -> int:
    """What was captured, in the currency's minor unit.

    By the charges; by the PaymentIntent where their version lacks ``amount_captured``, or no
    capture of theirs was seen yet.
    """
    succeeded = [charge for charge in charges if charge.values.get("status") == "succeeded"]
    total = intent.values.get("amount_received") if intent is not None else None
    if any(charge.values.get("amount_captured") is None for charge in succeeded) and total:
        return int(total)
    return sum(captured(charge) for charge in succeeded) or int(total or 0)


def captured(charge: State, intent: State | None = None) -> int:
    """What was captured of one charge; ``intent`` is given where this charge is its only one."""
    values = charge.values
    if values.get("amount_captured") is not None:
        return int(values["amount_captured"])
    if not values.get("captured"):
        return 0
    total = intent.values.get("amount_received") if intent is not None else None
    return int(total or values.get("amount") or 0)


def refunded(intent: State | None, charges: Sequence[State], refunds: Sequence[State]) -> int:
    """What was refunded and did not come back; never more than was received.

    A charge's ``amount_refunded`` also counts what a partial capture released, and goes on
    counting a refund that failed later: so it is corrected by what the refunds themselves say.
    """
    succeeded = [charge for charge in charges if charge.values.get("status") == "succeeded"]
    only = intent if len(succeeded) == 1 else None
    known = {charge.id for charge in charges}
    total = sum(
        _refunded_of(charge, _of(charge, refunds), captured(charge, only)) for charge in charges
    )
    total += sum(
        refund.values.get("amount") or 0
        for refund in refunds
        if not known & set(refund.links.get("charge", ())) and _is_live(refund)
    )
    return max(0, min(total, received(intent, charges)))


def _of(charge: State, refunds: Sequence[State]) -> list[State]:
    return [refund for refund in refunds if charge.id in refund.links.get("charge", ())]


def _refunded_of(charge: State, refunds: list[State], captured: int) -> int:
    if not captured:
        return 0
    amount = charge.values.get("amount") or 0
    base = (charge.values.get("amount_refunded") or 0) - max(0, amount - captured)
    base -= sum(
        refund.values.get("amount") or 0 for refund in refunds if _ended_after(refund, charge)
    )
    if captured < amount:
        # The released remainder is a refund object too, and looks like any other.
        return base
    live = sum(refund.values.get("amount") or 0 for refund in refunds if _is_live(refund))
    return max(base, live)


def _is_live(refund: State) -> bool:
    return refund.is_known and refund.values.get("status") in _LIVE


def _ended_after(refund: State, charge: State) -> bool:
    ended = refund.first_seen.get("ended")
    return ended is not None and charge.snapshot is not None and ended >= charge.snapshot[0]


def disputed(disputes: Sequence[State]) -> int:
    """What disputes hold back, or took for good."""
    return sum(
        dispute.values.get("amount") or 0
        for dispute in disputes
        if not _is_harmless(dispute.values.get("status"))
    )


def _is_harmless(status: Any) -> bool:
    return status in ("won", "prevented") or str(status).startswith("warning_")
