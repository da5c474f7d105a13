"""Stories of platforms: connected accounts, both modes, two events for the same change."""

from __future__ import annotations

from api.simulator.actions import billing, payments, refunds
from api.simulator.context import StoryContext
from api.simulator.world import Account, Application, Capability, ConnectTerms

_REQUIREMENTS = ("business_type", "external_account", "tos_acceptance.date")


def account_onboarding(ctx: StoryContext) -> None:
    """A new account meets its requirements, is once past due, and gets payouts enabled."""
    account = _account(ctx, currently_due=_REQUIREMENTS, disabled_reason="requirements.past_due")
    ctx.wait(minutes=12)
    ctx.change(
        account,
        business_type="company",
        details_submitted=True,
        charges_enabled=True,
        capabilities={"card_payments": "active", "transfers": "active"},
        pending_verification=("company.tax_id",),
        currently_due=_REQUIREMENTS[1:2],
        eventually_due=_REQUIREMENTS[1:2],
        disabled_reason=None,
    )
    ctx.emit(account, "account.updated")
    ctx.wait(days=1)
    due = _REQUIREMENTS[1:2]
    ctx.change(account, past_due=due, disabled_reason="requirements.past_due")
    ctx.emit(account, "account.updated")
    ctx.wait(days=2)
    ctx.change(
        account,
        payouts_enabled=True,
        currently_due=(),
        eventually_due=(),
        past_due=(),
        pending_verification=(),
        disabled_reason=None,
    )
    ctx.emit(account, "account.updated")


def requirements_met_in_one_second(ctx: StoryContext) -> None:
    """Two updates of one second that differ in a requirement alone, deep below the top level."""
    account = _account(
        ctx,
        currently_due=_REQUIREMENTS,
        eventually_due=_REQUIREMENTS,
        requirement_errors=(("invalid_value_other", "tos_acceptance.date"),),
        current_deadline=ctx.time + 30 * 86_400,
    )
    ctx.wait(days=2)
    for left in (_REQUIREMENTS[1:], ()):
        ctx.change(account, currently_due=left)
        ctx.emit(account, "account.updated")


def capability_turned_off(ctx: StoryContext) -> None:
    """Card payments are switched off: only the capability's own event tells."""
    capabilities = {"card_payments": "active", "transfers": "active"}
    account = _account(ctx, charges_enabled=True, capabilities=capabilities)
    ctx.wait(days=3)
    ctx.change(account, capabilities={**capabilities, "card_payments": "inactive"})
    capability = Capability("card_payments", account, "inactive", ctx.time)
    ctx.emit(capability, "capability.updated")


def marketplace_payment(ctx: StoryContext) -> None:
    """A platform charges for a connected account, and keeps a fee."""
    seller = ctx.ids.new("acct")
    terms = ConnectTerms(application_fee_amount=250, on_behalf_of=seller, destination=seller)
    intent = payments.create_intent(ctx, amount=5_000, terms=terms)
    ctx.wait(2)
    charge = payments.pay(ctx, intent)
    ctx.wait(days=1)
    refunds.create(ctx, charge, 1_000)


def order_of_a_v2_account(ctx: StoryContext) -> None:
    """The buyer is a v2 Account: since 2025-12-15 both ids are told."""
    intent = payments.create_intent(ctx, customer=ctx.account_holder())
    ctx.wait(2)
    charge = payments.pay(ctx, intent)
    ctx.wait(days=2)
    refunds.create(ctx, charge, intent.amount // 2)


def access_given_taken_given(ctx: StoryContext) -> None:
    """An account authorizes the platform, deauthorizes it, and authorizes it again."""
    _account(ctx, charges_enabled=True, payouts_enabled=True, details_submitted=True)
    application = Application(ctx.ids.new("ca"), "Example Platform")
    ctx.emit(application, "account.application.authorized")
    ctx.wait(days=9)
    ctx.emit(application, "account.application.deauthorized")
    ctx.wait(days=1)
    ctx.emit(application, "account.application.authorized")


def access_taken(ctx: StoryContext) -> None:
    """An account authorizes the platform and deauthorizes it."""
    _account(ctx, charges_enabled=True)
    application = Application(ctx.ids.new("ca"), "Example Platform")
    ctx.emit(application, "account.application.authorized")
    ctx.wait(days=2)
    ctx.emit(application, "account.application.deauthorized")


def twins(ctx: StoryContext) -> None:
    """Stripe makes two Event objects of the same change, three times."""
    intent = payments.create_intent(ctx)
    ctx.wait(3)
    charge = payments.pay(ctx, intent)
    ctx.emit(intent, "payment_intent.succeeded")
    ctx.wait(days=1)
    refund = refunds.create(ctx, charge, intent.amount // 2)
    ctx.emit(charge, "charge.refunded")
    ctx.wait(days=1)
    refunds.fail(ctx, refund)
    ctx.emit(refund, "charge.refund.updated")


def twin_subscription_updates(ctx: StoryContext) -> None:
    """Stripe makes two Event objects of one change of a subscription."""
    subscription = billing.create_subscription(ctx)
    ctx.wait(days=3)
    billing.update_subscription(ctx, subscription, status="past_due")
    ctx.emit(subscription, "customer.subscription.updated")


def live_order(ctx: StoryContext) -> None:
    """An order in live mode."""
    ctx.livemode = True
    intent = payments.create_intent(ctx)
    ctx.wait(4)
    payments.pay(ctx, intent)


def two_accounts(ctx: StoryContext) -> None:
    """Two connected accounts sell at the same time; one of them refunds."""
    first, second = ctx.ids.new("acct"), ctx.ids.new("acct")
    ctx.account = first
    intent = payments.create_intent(ctx)
    ctx.account = second
    refunded_intent = payments.create_intent(ctx)
    ctx.wait(2)
    charge = payments.pay(ctx, refunded_intent)
    ctx.account = first
    payments.pay(ctx, intent)
    ctx.wait(days=1)
    ctx.account = second
    refunds.create(ctx, charge)


def organisation_order(ctx: StoryContext) -> None:
    """An organisation's endpoint gets events with `context` in place of `account`."""
    ctx.is_organisation = True
    ctx.account = ctx.ids.new("acct")
    intent = payments.create_intent(ctx)
    ctx.wait(2)
    payments.pay(ctx, intent)


def _account(ctx: StoryContext, **more: object) -> Account:
    """Create a connected account; from then on the story's events are that account's."""
    account = Account(
        ctx.ids.new("acct"),
        ctx.time,
        "IE",
        "eur",
        "owner@shop.example.com",
        metadata={"shop": ctx.ids.text(6)},
        **more,  # type: ignore[arg-type]
    )
    ctx.account = account.id
    ctx.emit(account, "account.updated")
    return account
