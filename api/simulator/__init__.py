"""Histories as Stripe would send them, made up from a seed, with the rows that they make.

`ledger demo` shows a ledger with them, the tests prove it with them, the benchmarks load it.
"""

from __future__ import annotations

from api.simulator.context import StoryContext
from api.simulator.signing import body, sign
from api.simulator.stories import STORIES
from api.simulator.story import START, Story, histories, story
from api.simulator.truth import Row, Truth
from api.simulator.versions import API_VERSIONS

__all__ = [
    "API_VERSIONS",
    "START",
    "STORIES",
    "Row",
    "Story",
    "StoryContext",
    "Truth",
    "body",
    "histories",
    "sign",
    "story",
]
