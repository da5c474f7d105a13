"""A walk through the console in a real browser, with JavaScript and without, on both databases."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect
from sqlalchemy import select, update

from api.console.values import when
from api.notify.tables import DELIVERIES
from api.simulator import story
from ledger import Ledger
from ledger.database import write_transaction
from projections import Projections
from projections.feed.tables import notifications_url
from tests.cli.processes import KEY, Server, eventually, serving
from tests.conftest import FreshDatabase
from tests.console.browser import SESSION_SECRET
from tests.console.chromium import NEEDED, chromium

pytestmark = [pytest.mark.slow, NEEDED]

STORIES = ("order_refunded_in_parts", "order_disputed_and_lost", "subscription_renewed")


@pytest.fixture
def server(store_url: str, tmp_path: Path) -> Iterator[Server]:
    """A ledger with a few stories, and a subscriber that nobody listens to."""
    with serving(store_url, tmp_path, LEDGER_SESSION_SECRET=SESSION_SECRET) as server:
        yield server
