"""All that some objects have posted: a function of the set of their observations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from projections.journal.component import Component
from projections.journal.entry import Posting
from projections.objects.observation import Key, Observation, Scope

__all__ = ["postings"]


def postings(histories: Mapping[Key, Sequence[Observation]]) -> list[Posting]:
    """What the observations of some objects post, of one component or of several."""
    components: dict[Scope, Component] = {}
    for key, observations in histories.items():
        component = components.setdefault(key.scope, Component())
        component.add(observations)
    posted: list[Posting] = []
    for component in components.values():
        for _, new in component.renew():
            posted += new.values()
    return sorted(posted, key=lambda each: (each.date, each.key.book[0] or "", each.key[1:]))
