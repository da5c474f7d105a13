"""The money of an order: what came in, and what really went back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from projections.objects.state import State

__all__ = ["captured", "disputed", "received", "refunded"]

# Money on its way back, or back; a failed or canceled refund never left or came home.
_LIVE = ("pending", "succeeded", "requires_action")


def received(intent: State | None, charges: Sequence[State]) -> int:
    """What was captured, in the currency's minor unit.

    The charges tell it; the PaymentIntent where they are of a version without
    ``amount_captured``, or no capture of theirs was told yet.
    """
    succeeded = [charge for charge in charges if charge.values.get("status") == "succeeded"]
    told = intent.values.get("amount_received") if intent is not None else None
    if any(charge.values.get("amount_captured") is None for charge in succeeded) and told:
        return int(told)
    return sum(captured(charge) for charge in succeeded) or int(told or 0)


def captured(charge: State, intent: State | None = None) -> int:
    """What was captured of one charge; ``intent`` tells where this charge is its only one."""
    values = charge.values
    if values.get("amount_captured") is not None:
        return int(values["amount_captured"])
    if not values.get("captured"):
        return 0
    told = intent.values.get("amount_received") if intent is not None else None
    return int(told or values.get("amount") or 0)


def refunded(intent: State | None, charges: Sequence[State], refunds: Sequence[State]) -> int:
    """What was given back and did not come home; never more than was received.

    A charge's ``amount_refunded`` also counts what a partial capture released, and goes on
    counting a refund that failed later: so it is corrected by what the refunds themselves tell.
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
        # The released remainder is a refund object too, and told apart by nothing.
        return base
    live = sum(refund.values.get("amount") or 0 for refund in refunds if _is_live(refund))
    return max(base, live)


def _is_live(refund: State) -> bool:
    return refund.is_known and refund.values.get("status") in _LIVE


def _ended_after(refund: State, charge: State) -> bool:
    ended = refund.first_seen.get("ended")
    return ended is not None and charge.snapshot is not None and ended >= charge.snapshot[0]


def disputed(disputes: Sequence[State]) -> int:
    """What disputes hold, or took for good."""
    return sum(
        dispute.values.get("amount") or 0
        for dispute in disputes
        if not _is_harmless(dispute.values.get("status"))
    )


def _is_harmless(status: Any) -> bool:
    return status in ("won", "prevented") or str(status).startswith("warning_")
