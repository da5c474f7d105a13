"""Histories as Stripe would send them, made up from a seed, with the rows that they make.

`ledger demo` shows a ledger with them, the tests prove it with them, the benchmarks load it.
"""

from __future__ import annotations

from api.demo.context import StoryContext
from api.demo.signing import body, sign
from api.demo.stories import STORIES
from api.demo.story import START, Story, histories, story
from api.demo.truth import Row, Truth
from api.demo.versions import API_VERSIONS

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
