"""Orders that are authorized first: captured, captured in part, voided, expired."""

from __future__ import annotations

from api.simulator.actions import payments, refunds
from api.simulator.context import StoryContext
from api.simulator.world import PaymentIntent


def authorised_then_captured(ctx: StoryContext) -> None:
    """The whole amount is captured a day later."""
    intent = _authorized_intent(ctx)
    payments.capture(ctx, intent)


def authorised_then_partly_captured(ctx: StoryContext) -> None:
    """Three fifths are captured, the rest is released; later a part of the capture is refunded."""
    intent = _authorized_intent(ctx, amount=10_000)
    payments.capture(ctx, intent, 6_000)
    ctx.wait(days=1)
    refunds.create(ctx, intent.charges[-1], 1_000)


def partly_captured_refund_fails(ctx: StoryContext) -> None:
    """As above, but that refund fails, so that only the released rest stays refunded."""
    intent = _authorized_intent(ctx, amount=10_000)
    payments.capture(ctx, intent, 6_000)
    ctx.wait(days=1)
    refund = refunds.create(ctx, intent.charges[-1], 1_000)
    ctx.wait(days=3)
    refunds.fail(ctx, refund)


def partly_captured_refund_told_by_itself(ctx: StoryContext) -> None:
    """Of a partial capture a part is refunded, and only `refund.*` tells it, not the charge."""
    intent = _authorized_intent(ctx, amount=5_000)
    payments.capture(ctx, intent, 4_000)
    ctx.wait(hours=3)
    refunds.create(ctx, intent.charges[-1], 1_500, is_told_by_charge=False)


def captured_in_parts(ctx: StoryContext) -> None:
    """Captured as the goods are sent: in two parts, of which the first is `charge.updated`."""
    intent = _authorized_intent(ctx, amount=9_000)
    payments.capture_part(ctx, intent, 4_000)
    ctx.wait(days=2)
    payments.capture(ctx, intent, 3_500)
    ctx.wait(days=9)
    refunds.create(ctx, intent.charges[-1], 500)


def captured_with_a_tip(ctx: StoryContext) -> None:
    """More is captured than was authorized, and a little of it refunded."""
    intent = _authorized_intent(ctx, amount=6_000)
    payments.capture(ctx, intent, 7_200)
    ctx.wait(days=1)
    refunds.create(ctx, intent.charges[-1], 300)


def authorisation_voided(ctx: StoryContext) -> None:
    """The merchant cancels before capturing: once the charge was `refunded`, without money."""
    payments.release_authorization(ctx, _authorized_intent(ctx))


def authorisation_expired(ctx: StoryContext) -> None:
    """The authorization expires after almost a week without a capture."""
    intent = _authorized_intent(ctx)
    ctx.wait(days=6)
    payments.release_authorization(ctx, intent, is_expired=True)


def _authorized_intent(ctx: StoryContext, amount: int | None = None) -> PaymentIntent:
    intent = payments.create_intent(ctx, amount=amount or ctx.price(), capture_method="manual")
    ctx.wait(1)
    payments.authorize(ctx, intent)
    ctx.wait(days=1)
    return intent
