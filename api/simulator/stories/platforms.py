"""What platforms see: connected accounts, both modes, several versions, the same news twice."""

from __future__ import annotations

from api.simulator.actions import billing, payments, returns
from api.simulator.context import StoryContext
from api.simulator.world import Account, Application

_WANTED = ("business_type", "external_account", "tos_acceptance.date")


def account_onboarding(ctx: StoryContext) -> None:
    """A new account gives what is wanted, falls behind once, and may be paid out to."""
    account = _account(ctx, currently_due=_WANTED, disabled_reason="requirements.past_due")
    ctx.wait(minutes=12)
    ctx.change(
        account,
        business_type="company",
        details_submitted=True,
        charges_enabled=True,
        currently_due=_WANTED[1:2],
        disabled_reason=None,
    )
    ctx.emit(account, "account.updated")
    ctx.wait(days=1)
    due = _WANTED[1:2]
    ctx.change(account, past_due=due, disabled_reason="requirements.past_due")
    ctx.emit(account, "account.updated")
    ctx.wait(days=2)
    ctx.change(account, payouts_enabled=True, currently_due=(), past_due=(), disabled_reason=None)
    ctx.emit(account, "account.updated")


def access_given_taken_given(ctx: StoryContext) -> None:
    """An account lets the platform in, out, and in again."""
    _account(ctx, charges_enabled=True, payouts_enabled=True, details_submitted=True)
    application = Application(ctx.ids.new("ca"), "Example Platform")
    ctx.emit(application, "account.application.authorized")
    ctx.wait(days=9)
    ctx.emit(application, "account.application.deauthorized")
    ctx.wait(days=1)
    ctx.emit(application, "account.application.authorized")


def access_taken(ctx: StoryContext) -> None:
    """An account lets the platform in and then out."""
    _account(ctx, charges_enabled=True)
    application = Application(ctx.ids.new("ca"), "Example Platform")
    ctx.emit(application, "account.application.authorized")
    ctx.wait(days=2)
    ctx.emit(application, "account.application.deauthorized")


def twins(ctx: StoryContext) -> None:
    """Stripe makes two Event objects of one change, more than once."""
    intent = payments.intend(ctx)
    ctx.wait(3)
    charge = payments.pay(ctx, intent)
    ctx.emit(intent, "payment_intent.succeeded")
    ctx.wait(days=1)
    refund = returns.give_back(ctx, charge, intent.amount // 2)
    ctx.emit(charge, "charge.refunded")
    ctx.wait(days=1)
    returns.come_back(ctx, refund)
    ctx.emit(refund, "charge.refund.updated")


def twin_subscription_updates(ctx: StoryContext) -> None:
    """One change of a subscription, told by two Event objects."""
    subscription = billing.subscribe(ctx)
    ctx.wait(days=3)
    billing.amend(ctx, subscription, status="past_due")
    ctx.emit(subscription, "customer.subscription.updated")


def live_order(ctx: StoryContext) -> None:
    """An order in live mode."""
    ctx.livemode = True
    intent = payments.intend(ctx)
    ctx.wait(4)
    payments.pay(ctx, intent)


def two_accounts(ctx: StoryContext) -> None:
    """Two connected accounts sell at the same time; one gives back."""
    first, second = ctx.ids.new("acct"), ctx.ids.new("acct")
    ctx.account = first
    intent = payments.intend(ctx)
    ctx.account = second
    other = payments.intend(ctx)
    ctx.wait(2)
    charge = payments.pay(ctx, other)
    ctx.account = first
    payments.pay(ctx, intent)
    ctx.wait(days=1)
    ctx.account = second
    returns.give_back(ctx, charge)


def organisation_order(ctx: StoryContext) -> None:
    """An organisation's endpoint says `context` where others say `account`."""
    ctx.organisation = True
    ctx.account = ctx.ids.new("acct")
    intent = payments.intend(ctx)
    ctx.wait(2)
    payments.pay(ctx, intent)


def _account(ctx: StoryContext, **more: object) -> Account:
    """A connected account tells of itself; its events bear its own id as their account."""
    account = Account(
        ctx.ids.new("acct"),
        ctx.now,
        "IE",
        "eur",
        "owner@shop.example.com",
        **more,  # type: ignore[arg-type]
    )
    ctx.account = account.id
    ctx.emit(account, "account.updated")
    return account
