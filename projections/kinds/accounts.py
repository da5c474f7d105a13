"""Accounts: connected accounts, what they may do, and whether they still let us."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from projections.kinds.capabilities import CAPABILITY, capabilities, listed
from projections.objects.declaration import Link, Listing, Read, Shows, StripeObject
from projections.objects.paths import at
from projections.objects.state import State
from projections.objects.types import Type, lower
from projections.rows.aggregate import Aggregate, Component, first_link
from projections.rows.condition import Condition
from projections.rows.kind import Field, Kind, reads_of

__all__ = ["ACCOUNT", "APPLICATION", "KIND"]


def _deauthorized_at(account: Aggregate) -> int | None:
    applications = [state for state in account.members if state.object == "application"]
    known = [state for state in applications if state.snapshot is not None]
    if not known:
        return None
    newest = max(known, key=_age)
    deauthorized_at: int | None = newest.values.get("deauthorized_at")
    return deauthorized_at


def _age(state: State) -> tuple[int, bool]:
    assert state.snapshot is not None
    # Of one second the loss of access counts: it is the answer that harms nobody.
    return state.snapshot[0], state.values.get("deauthorized_at") is not None


def _authorization(values: dict[str, Any], type: str, created: int) -> None:
    # The object is the application; only the type says what happened to it.
    if type.startswith("account.application."):
        values["deauthorized_at"] = created if type.endswith(".deauthorized") else None
    # The application's, not the account's.
    values.pop("created", None)


def _accounts(component: Component) -> Iterator[Aggregate]:
    members: dict[str, list[State]] = defaultdict(list)
    for state in component.all("account"):
        members[state.id].append(state)
    for state in (*component.all("application"), *component.all("capability")):
        account = first_link(state, "account")
        if account is not None:
            members[account].append(state)
    for id, states in members.items():
        root = component.get("account", id)
        yield Aggregate(id=id, component=component, root=root, members=states)


def _codes(errors: Any) -> Any:
    if not isinstance(errors, list):
        return errors
    return [error.get("code") for error in errors if isinstance(error, dict)]


_FIELDS = (
    Field("charges_enabled", Type.BOOLEAN, "Whether it can charge.", at("charges_enabled")),
    Field(
        "payouts_enabled", Type.BOOLEAN, "Whether it is paid out.",
        at("payouts_enabled", "transfers_enabled"),
    ),
    Field(
        "details_submitted", Type.BOOLEAN, "Whether its onboarding form was handed in.",
        at("details_submitted"),
    ),
    Field("country", Type.CODE, "Two-letter ISO code of its country.", at("country")),
    Field(
        "default_currency", Type.CODE, "Three-letter ISO code, lower case.",
        at("default_currency"),
        convert=lower,
    ),
    Field("email", Type.TEXT, "Its e-mail address.", at("email"), personal=True),
    Field("type", Type.CODE, "`standard`, `express`, `custom` or `none`.", at("type")),
    Field(
        "business_name", Type.TEXT, "The name that customers see.",
        at("business_profile.name", "business_name"),
        personal=True,
    ),
    Field(
        "business_type", Type.CODE, "Individual, company, …",
        at("business_type", "legal_entity.type"),
    ),
    Field(
        "disabled_reason", Type.CODE, "Why it is disabled.",
        at("requirements.disabled_reason", "verification.disabled_reason"),
    ),
    Field(
        "currently_due", Type.LIST, "What it has to hand in now.",
        at("requirements.currently_due", "verification.fields_needed"),
    ),
    Field(
        "eventually_due", Type.LIST, "What it will have to hand in at some time.",
        at("requirements.eventually_due"),
    ),
    Field("past_due", Type.LIST, "What it should have handed in.", at("requirements.past_due")),
    Field(
        "pending_verification", Type.LIST, "What it handed in and Stripe is looking at.",
        at("requirements.pending_verification"),
    ),
    Field(
        "current_deadline", Type.TIME, "Until when `currently_due` has to be handed in.",
        at("requirements.current_deadline", "verification.due_by"),
    ),
    Field(
        "requirement_errors", Type.LIST, "Codes of what is wrong with what it handed in.",
        at("requirements.errors"),
        convert=_codes,
    ),
    Field(
        "capabilities", Type.OBJECT, "What it may do: each capability's status by its name.",
        derive=capabilities,
    ),
    Field(
        "deauthorized_at", Type.TIME, "When it disconnected, unless it has connected again.",
        derive=_deauthorized_at,
    ),
)  # fmt: skip


def _was(name: str) -> Shows:
    return lambda values, type: values.get(name) is True


def _is(name: str) -> Callable[[Aggregate], bool]:
    return lambda account: account.values.get(name) is True


def _is_no_longer(name: str) -> Callable[[Aggregate], bool]:
    """A new account is not enabled yet, which is no news."""

    def holds(account: Aggregate) -> bool:
        root = account.root
        return root is not None and root.values.get(name) is False and name in root.first_seen

    return holds


_CONDITIONS = (
    Condition("charges_enabled", "It can charge.", _is("charges_enabled")),
    Condition("charges_disabled", "It can no longer charge.", _is_no_longer("charges_enabled")),
    Condition("payouts_disabled", "It is no longer paid out.", _is_no_longer("payouts_enabled")),
    Condition("requirements_due", "Something has to be handed in now.",
              lambda account: bool(account.values.get("currently_due"))),
    Condition("deauthorized", "It disconnected.",
              lambda account: _deauthorized_at(account) is not None),
)  # fmt: skip

ACCOUNT = StripeObject(
    "account",
    event_types=("account.updated",),
    listing=Listing(is_account=True),
    reads=(*reads_of(*_FIELDS), Read("capabilities", Type.OBJECT, at("capabilities"))),
    type_order=("updated",),
    first_seen={name: _was(name) for name in ("charges_enabled", "payouts_enabled")},
    from_event_type=listed,
)

APPLICATION = StripeObject(
    "application",
    event_types=("account.application.*",),
    listing=None,
    type_order=("authorized", "deauthorized"),
    links=(Link("account", envelope=True),),
    from_event_type=_authorization,
)

KIND = Kind(
    name="accounts",
    object="account",
    about="Connected accounts, and your own.",
    members=(ACCOUNT, APPLICATION, CAPABILITY),
    joins=frozenset({"account", "application", "capability"}),
    aggregates=_accounts,
    search=("email", "business_name"),
    conditions=_CONDITIONS,
    fields=_FIELDS,
)
