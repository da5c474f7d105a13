"""Balance transactions as our own Stripe lists and retrieves them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from api.simulator.shapes import Json, render
from api.simulator.shapes.money import balance_transaction, transfer_reversal
from api.simulator.stripe.errors import invalid, missing
from api.simulator.stripe.lists import Params, allow_only, created_filter, page
from api.simulator.stripe.platform import Platform, Scope
from api.simulator.versions import ApiVersion
from api.simulator.world import Movement, Payout, Transfer

__all__ = ["balance_transactions"]

_KIND = "balance_transaction"
_FILTERS = ("type", "source", "currency")


def balance_transactions(
    platform: Platform, scope: Scope, params: Params, id: str | None, api: ApiVersion
) -> Json:
    """A page of the list, newest first, or the one with an id; as they stand now."""
    movements = platform.movements(scope)
    if id is not None:
        for movement in movements:
            if movement.transaction.id == id:
                [shown] = _rendered(platform, scope, [movement], _expands(params, "source"), api)
                return shown
        raise missing(_KIND, id)
    allow_only(params, ("created", "payout", *_FILTERS))
    is_created = created_filter(params)
    if "payout" in params:
        _check_payout(platform, scope, params["payout"])
        movements = [each for each in movements if each.payout == params["payout"]]
    listed = [
        each
        for each in movements
        if is_created(each.transaction.created)
        and all(getattr(each.transaction, name) == params.get(name, getattr(each.transaction, name))
                for name in _FILTERS)
    ]  # fmt: skip
    whole = page([{"id": each.transaction.id} for each in listed], params, f"/v1/{_KIND}s", _KIND)
    ids = {item["id"] for item in whole["data"]}
    chosen = [each for each in listed if each.transaction.id in ids]
    return {
        **whole,
        "data": _rendered(platform, scope, chosen, _expands(params, "data.source"), api),
    }


def _check_payout(platform: Platform, scope: Scope, id: str) -> None:
    """Refuse a payout that there is not, and one that no schedule made: nothing tells its parts."""
    for state in platform.states(scope, Payout):
        if isinstance(state.world_object, Payout) and state.world_object.id == id:
            if state.world_object.automatic:
                return
            raise invalid(
                "Balance transaction history can only be filtered on automatic transfers, not"
                " manual.",
                "payout",
            )
    raise missing("payout", id, "payout", 400)


def _expands(params: Params, path: str) -> bool:
    wanted: Any = params.get("expand") or {}
    return path in (wanted.values() if isinstance(wanted, dict) else wanted)


def _rendered(
    platform: Platform, scope: Scope, movements: Iterable[Movement], is_whole: bool, api: ApiVersion
) -> list[Json]:
    seconds = int(platform.clock())
    items = [balance_transaction(each.transaction, api, seconds) for each in movements]
    if is_whole:
        sources = _sources(platform, scope, {item["source"] for item in items}, api)
        for item in items:
            # What the world does not keep is shown by its id.
            item["source"] = sources.get(item["source"], item["source"])
    return items


def _sources(platform: Platform, scope: Scope, ids: set[str], api: ApiVersion) -> dict[str, Json]:
    """The objects that moved the money; a reversal is kept by its transfer."""
    sources = {
        state.world_object.id: render(state.world_object, api, scope.livemode)
        for state in platform.objects(scope, ids)
    }
    for state in platform.states(scope, Transfer):
        assert isinstance(state.world_object, Transfer)
        for reversal in state.world_object.reversals:
            if reversal.id in ids:
                sources[reversal.id] = transfer_reversal(reversal, state.world_object)
    return sources
