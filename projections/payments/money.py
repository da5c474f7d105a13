"""The money of an order: what was captured, and what was really refunded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from projections.objects.observation import Observation
from projections.objects.state import State

__all__ = [
    "amount_at_capture",
    "captured",
    "disputed",
    "received",
    "refunded",
    "released",
    "remainder_was_refunded",
]

# Refunds under way or done; the money of a failed or canceled one stayed or came back.
_LIVE = ("pending", "succeeded", "requires_action")
# Until this version Stripe made the released remainder of a partial capture a refund.
_REMAINDER_IS_NO_REFUND = "2025-03-31"


def received(intent: State | None, charges: Sequence[State]) -> int:
    """What was captured, in the currency's minor unit.

    By the charges; by the PaymentIntent where their version lacks ``amount_captured``, or no
    capture of theirs was seen yet.
    """
    succeeded = [charge for charge in charges if charge.values.get("status") == "succeeded"]
    total = intent.values.get("amount_received") if intent is not None else None
    if any(_amount_captured(charge) is None for charge in succeeded) and total:
        return int(total)
    # Both only grow: the greater one has heard of more captures.
    return max(sum(captured(charge) for charge in succeeded), int(total or 0))


def captured(charge: State, intent: State | None = None) -> int:
    """What was captured of one charge; ``intent`` is given where this charge is its only one."""
    values = charge.values
    total = intent.values.get("amount_received") if intent is not None else None
    known = _amount_captured(charge)
    if known is not None:
        # The PaymentIntent may have heard of a capture that an old shape of the charge hides.
        return max(known, int(total or 0)) if known else 0
    if not values.get("captured"):
        return 0
    return int(total or charge.first_known.get("amount_captured", values.get("amount")) or 0)


def _amount_captured(charge: State) -> int | None:
    """What the charge itself says; None where its version has no word for it."""
    amount = charge.values.get("amount_captured")
    # Of a snapshot before the capture; the one that shows it, in an older shape, lacks the field.
    is_outdated = amount == 0 and charge.values.get("captured")
    return None if amount is None or is_outdated else int(amount)


def refunded(intent: State | None, charges: Sequence[State], refunds: Sequence[State]) -> int:
    """What was refunded and did not come back; never more than was received.

    A charge's ``amount_refunded`` may also count what a partial capture released, and goes on
    counting a refund that failed later: so it is corrected by what the refunds themselves say.
    """
    succeeded = [charge for charge in charges if charge.values.get("status") == "succeeded"]
    only = intent if len(succeeded) == 1 else None
    known = {charge.id for charge in charges}
    total = sum(
        _refunded_of(charge, _of(charge, refunds), captured(charge, only)) for charge in charges
    )
    total += sum(
        _amount(refund)
        for refund in refunds
        if not known & set(refund.links.get("charge", ())) and _is_live(refund)
    )
    return max(0, min(total, received(intent, charges)))


def remainder_was_refunded(observation: Observation) -> bool | None:
    """Whether the event that captured a part of a charge shows the rest as refunded.

    None where the event is no such capture.
    """
    values = observation.values
    if not _is_capture(observation):
        return None
    released, amount_captured = values.get("amount_refunded") or 0, values.get("amount_captured")
    if amount_captured is None:
        # An older shape, which hides how much was captured: what it shows was not refunded yet.
        return bool(values.get("captured") and released)
    rest = _remainder(values, amount_captured)
    return bool(released >= rest) if rest else None


def amount_at_capture(observation: Observation) -> int | None:
    """How much an event captured of a charge whose older shape has no word for it.

    What it shows as refunded then is what was released: nothing had been captured that could have
    been refunded. None where the event is no capture, or says the amount itself.
    """
    values = observation.values
    if not _is_capture(observation) or not values.get("captured"):
        return None
    if values.get("amount_captured") is not None or values.get("amount") is None:
        return None
    return max(0, int(values["amount"]) - int(values.get("amount_refunded") or 0))


def _is_capture(observation: Observation) -> bool:
    return observation.type == "charge.captured" or "captured" in observation.previous


def _remainder(values: Mapping[str, Any], captured: int | None) -> int:
    """What the capture of a charge released; 0 while more of it may still be captured."""
    if captured is None or values.get("captured") is False:
        return 0
    return max(0, (values.get("amount") or 0) - captured)


def _of(charge: State, refunds: Sequence[State]) -> list[State]:
    return [refund for refund in refunds if charge.id in refund.links.get("charge", ())]


def _refunded_of(charge: State, refunds: list[State], captured: int) -> int:
    if not captured or charge.snapshot is None:
        return 0
    seen = charge.snapshot[0]
    total = int(charge.values.get("amount_refunded") or 0)
    # What the snapshot counts and did not last, and what it could not count yet.
    total -= sum(_amount(r) for r in refunds if _ended_since(r, seen) and _created(r) <= seen)
    total += sum(_amount(r) for r in refunds if _is_live(r) and _created(r) > seen)
    rest = _remainder(charge.values, captured)
    if rest and _counts_remainder(charge):
        # The released remainder is a refund object too, and looks like any other.
        return total - rest
    return max(total, sum(_amount(refund) for refund in refunds if _is_live(refund)))


def _counts_remainder(charge: State) -> bool:
    decided = charge.first_known.get("remainder_was_refunded")
    if decided is not None:
        return bool(decided)
    version = charge.snapshot[3] if charge.snapshot is not None else None
    return version is None or version < _REMAINDER_IS_NO_REFUND


def released(charge: State, captured: int) -> int:
    """What the capture of a part of a charge released, where that is a refund object of its own."""
    rest = _remainder(charge.values, captured)
    return rest if rest and _counts_remainder(charge) else 0


def _amount(refund: State) -> int:
    return int(refund.values.get("amount") or 0)


def _created(refund: State) -> int:
    return int(refund.values.get("created") or 0)


def _is_live(refund: State) -> bool:
    return refund.is_known and refund.values.get("status") in _LIVE


def _ended_since(refund: State, second: int) -> bool:
    if "ended" not in refund.first_seen or refund.snapshot is None:
        return False
    ended = refund.first_seen["ended"]
    # Where no event said when: no later than it was last looked at.
    return (refund.snapshot[0] if ended is None else ended) >= second


def disputed(disputes: Sequence[State]) -> int:
    """What disputes hold back, or took for good."""
    return sum(
        dispute.values.get("amount") or 0
        for dispute in disputes
        if not _is_harmless(dispute.values.get("status"))
    )


def _is_harmless(status: Any) -> bool:
    return status in ("won", "prevented") or str(status).startswith("warning_")
