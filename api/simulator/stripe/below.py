"""Objects of our own Stripe whose address is below another's: they are in no list of their own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from re import Match

from api.simulator import world
from api.simulator.shapes import Json, render
from api.simulator.stripe.errors import missing
from api.simulator.stripe.platform import Platform, Scope
from api.simulator.versions import ApiVersion

__all__ = ["Below", "below", "retrieve_below"]


@dataclass(frozen=True, slots=True)
class Below:
    """An address below one of a resource's; ``account`` is the one that it is in, if it says so."""

    resource: str
    name: str
    kind: type
    id: str
    owner: str

    @property
    def account(self) -> str | None:
        """The account that the address names."""
        return self.owner if self.resource == "accounts" else None


_PATTERNS = {
    re.compile(r"/v1/(accounts)/([^/]+)/capabilities/([^/]+)"): ("capability", world.Capability),
    re.compile(r"/v1/(application_fees)/([^/]+)/refunds/([^/]+)"): ("fee_refund", world.FeeRefund),
}


def below(path: str) -> Below | None:
    """What is at an address below another's; None for any other address."""
    for pattern, (name, kind) in _PATTERNS.items():
        match: Match[str] | None = pattern.fullmatch(path)
        if match is not None:
            resource, owner, id = match.groups()
            return Below(resource, name, kind, id, owner)
    return None


def retrieve_below(platform: Platform, scope: Scope, place: Below, api: ApiVersion) -> Json:
    """The object as it stands; it is its owner's."""
    for state in platform.states(scope, place.kind):
        held = state.world_object
        is_owned = not isinstance(held, world.FeeRefund) or held.fee == place.owner
        if held.id == place.id and is_owned:
            return render(held, api, state.livemode)
    raise missing(place.name, place.id)
