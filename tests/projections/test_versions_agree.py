"""One story in every API version: what two versions both tell, the rows say alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from api.simulator import API_VERSIONS, STORIES, story
from projections import KINDS
from tests.projections.histories import Rows, rows

# Versions differ in the event types they have, so these differ rightly in any kind.
COUNTED = {"events", "updated"}


@dataclass(frozen=True)
class Silence:
    """What some versions cannot tell: fields of a kind (all: the row), in some or all stories."""

    kind: str
    fields: frozenset[str] | None
    versions: Callable[[str], bool]
    stories: frozenset[str] | None = None


def before(day: str) -> Callable[[str], bool]:
    return lambda version: version < day


def between(first: str, last: str) -> Callable[[str], bool]:
    return lambda version: first <= version < last


def fields(*names: str) -> frozenset[str]:
    return frozenset(names)


_PAGES = fields("nothing_to_pay", "session_named_by_its_intent", "session_before_its_intent")
_NAMED = fields("session_named_by_its_intent")

SILENCES = (
    # Refunds were told inside `charge.refunded` until 2022-11-15, and by their own types since
    # 2024-10-28; between, only some methods' refunds had an event.
    Silence("refunds", None, between("2022-11-15", "2024-10-28")),
    Silence("orders", fields("refunds"), between("2022-11-15", "2024-10-28")),
    Silence("refunds", fields("order"), before("2019-11-05")),
    Silence("disputes", fields("order"), before("2019-11-05")),
    Silence("payouts", fields("original_payout", "reversed_by"), before("2020-08-27")),
    Silence("payouts", fields("reconciliation_status"), before("2022-11-15")),
    Silence("invoices", fields("paid_at"), before("2019-03-14")),
    # Basil took the PaymentIntent out of the invoice; `invoice_payment.paid` told it again two
    # months later, though only of invoices that are paid.
    Silence("invoices", fields("order"), between("2025-03-31", "2025-05-28")),
    Silence("invoices", fields("order"), lambda version: version >= "2025-03-31",
            fields("invoice_voided", "trial_that_converts_and_lapses")),
    Silence("orders", fields("invoice"), between("2025-03-31", "2025-05-28")),
    Silence("orders", fields("invoice"), between("2025-03-31", "2025-10-29"),
            fields("invoice_voided", "trial_that_converts_and_lapses")),
    # Young Checkout Sessions told neither amount, status nor date.
    Silence("orders", fields("amount", "currency"), before("2020-03-02"), _PAGES),
    Silence("orders", fields("status", "created", "paid_at"), before("2020-08-27"), _PAGES),
    # Nothing joined such a session to its PaymentIntent before `order_reference`.
    Silence("orders", None, before("2025-10-29"), _NAMED),
)  # fmt: skip


def known(kind: str, field: str | None, version: str, name: str) -> bool:
    """Whether a version can tell a field (or, with None, the row) in a story."""
    return not any(
        silence.kind == kind
        and (silence.fields is None or field in silence.fields)
        and silence.versions(version)
        and (silence.stories is None or name in silence.stories)
        for silence in SILENCES
    )


@pytest.mark.parametrize("name", STORIES)
def test_versions_agree_on_what_both_can_know(name: str) -> None:
    """No two API versions of one story differ in a field that both can tell."""
    by_version: dict[str, Rows] = {
        version: rows(story(name, api_version=version).events) for version in API_VERSIONS
    }

    for kind in KINDS:
        tellers = [version for version in API_VERSIONS if known(kind, None, version, name)]
        keys = {version: set(by_version[version][kind]) for version in tellers}
        assert all(ids == keys[tellers[-1]] for ids in keys.values()), (kind, keys)
        for key in keys[tellers[-1]]:
            for field in {column.name for column in KINDS[kind].columns} - COUNTED - {"position"}:
                values = {
                    version: by_version[version][kind][key][field]
                    for version in tellers
                    if known(kind, field, version, name)
                }
                assert len({repr(value) for value in values.values()}) <= 1, (kind, field, values)
