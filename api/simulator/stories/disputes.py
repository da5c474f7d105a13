"""Orders that the customer's bank disputes."""

from __future__ import annotations

from api.simulator.actions import payments, returns
from api.simulator.context import StoryContext
from api.simulator.world import Charge, Dispute


def dispute_won(ctx: StoryContext) -> None:
    """The money goes and comes back; the fee does not."""
    disputed = _disputed(ctx)
    returns.decide(ctx, disputed, "won")


def dispute_lost(ctx: StoryContext) -> None:
    """The money goes."""
    disputed = _disputed(ctx)
    returns.decide(ctx, disputed, "lost")


def dispute_accepted_at_once(ctx: StoryContext) -> None:
    """Answered and lost within one second."""
    disputed = returns.dispute(ctx, _paid(ctx))
    ctx.wait(days=1)
    returns.answer(ctx, disputed)
    returns.decide(ctx, disputed, "lost")


def inquiry_closed(ctx: StoryContext) -> None:
    """The bank only asks and is content; no money moves."""
    disputed = returns.dispute(ctx, _paid(ctx), inquiry=True)
    ctx.wait(days=2)
    returns.answer(ctx, disputed, "warning_under_review")
    ctx.wait(days=60)
    returns.decide(ctx, disputed, "warning_closed")


def inquiry_that_escalates(ctx: StoryContext) -> None:
    """The bank asks, is not content, takes the money and keeps it."""
    disputed = returns.dispute(ctx, _paid(ctx), inquiry=True)
    ctx.wait(days=5)
    returns.escalate(ctx, disputed)
    ctx.wait(days=3)
    returns.answer(ctx, disputed)
    ctx.wait(days=20)
    returns.decide(ctx, disputed, "lost")


def dispute_won_on_appeal(ctx: StoryContext) -> None:
    """Lost is not the end: the merchant appeals and gets the money back."""
    disputed = _disputed(ctx)
    returns.decide(ctx, disputed, "lost")
    ctx.wait(days=3)
    returns.answer(ctx, disputed, "appeal_needs_response")
    ctx.wait(days=2)
    returns.answer(ctx, disputed, "appeal_under_review")
    ctx.wait(days=14)
    returns.decide(ctx, disputed, "won")


def two_disputes_of_one_charge(ctx: StoryContext) -> None:
    """A won dispute, and a second one about the same charge."""
    charge = _paid(ctx)
    first = returns.dispute(ctx, charge, reason="duplicate")
    ctx.wait(days=9)
    returns.decide(ctx, first, "won")
    ctx.wait(days=9)
    returns.dispute(ctx, charge)


def _paid(ctx: StoryContext) -> Charge:
    intent = payments.intend(ctx)
    ctx.wait(1)
    charge = payments.pay(ctx, intent)
    ctx.wait(days=20)
    return charge


def _disputed(ctx: StoryContext) -> Dispute:
    disputed = returns.dispute(ctx, _paid(ctx))
    ctx.wait(days=3)
    returns.answer(ctx, disputed)
    ctx.wait(days=30)
    return disputed
