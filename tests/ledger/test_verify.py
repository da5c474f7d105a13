"""Verification finds whatever is altered behind the triggers, and at which position."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from ledger import GENESIS, Ledger, verify
from ledger.chain import link
from tests.ledger.deliveries import behind_the_triggers, fill

QUARANTINED, EVENT = 9, 10  # positions in what `fill` writes


def problems(ledger: Ledger, **more: Any) -> list[str]:
    return verify(ledger, **more).problems


def test_an_untouched_log_has_no_problems(ledger: Ledger) -> None:
    """Events, quarantined bodies and reused ids verify; so does an empty log."""
    assert verify(ledger) == verify(ledger, anchor=None)
    assert verify(ledger).chain == GENESIS
    fill(ledger)
    result = verify(ledger)

    assert (result.problems, result.position) == ([], 17)
    assert result.chain == ledger.log.head().chain
    assert problems(ledger, anchor=(17, result.chain)) == []


@pytest.mark.parametrize("position", [1, 4, QUARANTINED, EVENT, 17])
def test_one_altered_byte_is_found_at_its_position(ledger: Ledger, position: int) -> None:
    """One byte of one body, event or not: the problem names the position, and no other does."""
    fill(ledger)
    with behind_the_triggers(ledger.engine) as connection:
        query = "SELECT state FROM ledger_events WHERE id = :id"
        state = bytearray(connection.execute(text(query), {"id": position}).scalar_one())
        state[-1:] = bytes([state[-1] ^ 1]) if state else b"x"
        change = "UPDATE ledger_events SET state = :state WHERE id = :id"
        connection.execute(text(change), {"state": bytes(state), "id": position})
    reported = problems(ledger)

    assert any("chain" in problem for problem in reported)
    assert all(problem.startswith(f"position {position}:") for problem in reported)


ALTERED: dict[str, Any] = {
    "event_id": "evt_other",
    "stream": "ch_other",
    "type": "charge.failed",
    "account": "acct_other",
    "livemode": False,
    "api_version": "2020-08-27",
    "created": 5,
    "received_at": 5,
    "source": "somewhere",
    "topic": "stripe:charge.failed",
    "chain": bytes(32),
    "originator_version": 0,
}


@pytest.mark.parametrize("column", ALTERED)
@pytest.mark.parametrize("position", [EVENT, QUARANTINED], ids=["event", "quarantined"])
def test_an_altered_column_is_found_at_its_position(
    ledger: Ledger, position: int, column: str
) -> None:
    """Every column is either in the chain or derived from the body."""
    fill(ledger)
    with behind_the_triggers(ledger.engine) as connection:
        change = f"UPDATE ledger_events SET {column} = :value WHERE id = :id"
        connection.execute(text(change), {"value": ALTERED[column], "id": position})

    assert any(problem.startswith(f"position {position}:") for problem in problems(ledger))


def test_a_row_taken_out_is_found(ledger: Ledger) -> None:
    """A gap is reported at the row after it."""
    fill(ledger)
    with behind_the_triggers(ledger.engine) as connection:
        connection.execute(text("DELETE FROM ledger_events WHERE id = 9"))

    assert any(
        problem.startswith("position 10: expected position 9") for problem in problems(ledger)
    )


@pytest.mark.parametrize("left", [0, 9, 16])
def test_newest_rows_cut_off_are_found(ledger: Ledger, left: int) -> None:
    """The head holds the last position of the log."""
    fill(ledger)
    with behind_the_triggers(ledger.engine) as connection:
        connection.execute(text("DELETE FROM ledger_events WHERE id > :left"), {"left": left})

    (problem,) = problems(ledger)
    assert problem.startswith(f"position {left + 1}:")


def cut_and_hide(ledger: Ledger, left: int) -> None:
    """Delete the newest rows and set the head back, as if they had never been written."""
    with behind_the_triggers(ledger.engine) as connection:
        connection.execute(text("DELETE FROM ledger_events WHERE id > :left"), {"left": left})
        connection.execute(
            text(
                "UPDATE ledger_events_head SET position = :left,"
                " chain = (SELECT chain FROM ledger_events WHERE id = :left)"
            ),
            {"left": left},
        )


def test_an_anchor_detects_a_head_that_was_set_back(ledger: Ledger) -> None:
    """Rows and head agree again; only a chain value that was kept outside shows the loss."""
    fill(ledger)
    anchor = (17, ledger.log.head().chain)
    cut_and_hide(ledger, 12)

    assert problems(ledger) == []
    (problem,) = problems(ledger, anchor=anchor)
    assert problem.startswith("position 17:")


def test_an_anchor_detects_a_history_that_was_rewritten(ledger: Ledger) -> None:
    """Every chain value was computed again; the anchor's differs."""
    fill(ledger)
    head = ledger.log.head()
    with behind_the_triggers(ledger.engine) as connection:
        change = "UPDATE ledger_events SET received_at = received_at + 1 WHERE id = 1"
        connection.execute(text(change))
        chain, rows = GENESIS, connection.execute(text("SELECT * FROM ledger_events ORDER BY id"))
        for row in rows.mappings().all():
            chain = link(
                chain,
                position=row["id"],
                event_id=row["event_id"],
                received_at=row["received_at"],
                state=bytes(row["state"]),
            )
            update = "UPDATE ledger_events SET chain = :chain WHERE id = :id"
            connection.execute(text(update), {"chain": chain, "id": row["id"]})
        connection.execute(text("UPDATE ledger_events_head SET chain = :chain"), {"chain": chain})

    assert problems(ledger) == []
    assert problems(ledger, anchor=(17, head.chain)) == [
        "position 17: the chain is not the anchor's; history was rewritten"
    ]


def test_a_head_that_disagrees_is_found(ledger: Ledger) -> None:
    """Its position or its chain value alone is enough."""
    fill(ledger)
    with behind_the_triggers(ledger.engine) as connection:
        connection.execute(text("UPDATE ledger_events_head SET chain = :zero"), {"zero": GENESIS})

    assert [problem.split(":")[0] for problem in problems(ledger)] == ["position 17"]


def test_reading_stops_after_twenty_problems(ledger: Ledger) -> None:
    """A log with many problems is not read to its end."""
    fill(ledger, events=60)
    with behind_the_triggers(ledger.engine) as connection:
        connection.execute(text("UPDATE ledger_events SET source = 'elsewhere'"))

    assert 20 <= len(problems(ledger)) <= 70
