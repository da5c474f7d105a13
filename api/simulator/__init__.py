"""A simulator of Stripe: made-up histories of events, with the rows that a ledger must show.

`ledger demo`, the tests and the benchmarks use it. It imports nothing of the ledger, the
projections or the rest of the API, so that a mistake there cannot be repeated in the truth.
"""

from __future__ import annotations

from api.simulator.context import StoryContext, previous_attributes
from api.simulator.facts import EventFacts
from api.simulator.ids import Ids
from api.simulator.shapes import Json
from api.simulator.signing import SIGNATURE_HEADER, body, sign
from api.simulator.stories import STORIES
from api.simulator.story import START, Story, histories, story
from api.simulator.truth import Row, Truth
from api.simulator.truth.notifications import Rise
from api.simulator.versions import API_VERSIONS, TYPES_SINCE

__all__ = [
    "API_VERSIONS",
    "SIGNATURE_HEADER",
    "START",
    "STORIES",
    "TYPES_SINCE",
    "EventFacts",
    "Ids",
    "Json",
    "Rise",
    "Row",
    "Story",
    "StoryContext",
    "Truth",
    "body",
    "histories",
    "previous_attributes",
    "sign",
    "story",
]
