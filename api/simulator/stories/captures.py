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


def authorisation_voided(ctx: StoryContext) -> None:
    """The merchant cancels before capturing: the charge is `refunded`, but no money moved."""
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
