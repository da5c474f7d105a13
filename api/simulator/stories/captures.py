"""Orders that are authorised first: captured, captured in part, voided, left to expire."""

from __future__ import annotations

from api.simulator.actions import payments, returns
from api.simulator.context import StoryContext
from api.simulator.world import PaymentIntent


def authorised_then_captured(ctx: StoryContext) -> None:
    """The whole promise is taken when the parcel leaves."""
    intent = _authorised(ctx)
    payments.capture(ctx, intent)


def authorised_then_partly_captured(ctx: StoryContext) -> None:
    """Three fifths are taken, the rest is let go; later some of what was taken is given back."""
    intent = _authorised(ctx, amount=10_000)
    payments.capture(ctx, intent, 6_000)
    ctx.wait(days=1)
    returns.give_back(ctx, intent.charges[-1], 1_000)


def partly_captured_refund_fails(ctx: StoryContext) -> None:
    """As above, but the money given back returns, so only the released rest stays refunded."""
    intent = _authorised(ctx, amount=10_000)
    payments.capture(ctx, intent, 6_000)
    ctx.wait(days=1)
    refund = returns.give_back(ctx, intent.charges[-1], 1_000)
    ctx.wait(days=3)
    returns.come_back(ctx, refund)


def authorisation_voided(ctx: StoryContext) -> None:
    """The merchant cancels before taking anything: the charge says refunded, no money moved."""
    payments.let_go(ctx, _authorised(ctx))


def authorisation_expired(ctx: StoryContext) -> None:
    """Nobody takes the promise for a week."""
    intent = _authorised(ctx)
    ctx.wait(days=6)
    payments.let_go(ctx, intent, expired=True)


def _authorised(ctx: StoryContext, amount: int | None = None) -> PaymentIntent:
    intent = payments.intend(ctx, amount=amount or ctx.price(), capture_method="manual")
    ctx.wait(1)
    payments.authorise(ctx, intent)
    ctx.wait(days=1)
    return intent
