"""Verification finds whatever is altered behind the triggers, and at which position."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest
from sqlalchemy import Connection, text

from ledger import GENESIS, Ledger, verify
from ledger.chain import link
from tests.conftest import FreshDatabase
from tests.ledger.deliveries import behind_the_triggers, body, delivered, fill

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
                source=row["source"],
                type=row["type"],
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


def test_all_problems_are_counted_and_the_first_are_described(ledger: Ledger) -> None:
    """Reading goes on to the end, so that nothing is claimed of rows that were not read."""
    fill(ledger, events=60)
    with behind_the_triggers(ledger.engine) as connection:
        connection.execute(text("UPDATE ledger_events SET source = 'elsewhere'"))
    result = verify(ledger, anchor=(67, ledger.log.head().chain))

    assert (result.position, len(result.problems), result.problem_count) == (67, 20, 134)
    assert all("head" not in problem and "anchor" not in problem for problem in result.problems)


def rows_of(connection: Connection) -> list[dict[str, Any]]:
    query = text("SELECT * FROM ledger_events ORDER BY id")
    return [dict(row) for row in connection.execute(query).mappings()]


@pytest.mark.parametrize(
    ("position", "column", "value"),
    [(EVENT, "source", "import"), (QUARANTINED, "type", "quarantine.wrong_mode")],
)
def test_what_the_body_does_not_show_is_in_the_chain(
    ledger: Ledger, position: int, column: str, value: str
) -> None:
    """A source and a reason that an append could have written as well are found altered."""
    fill(ledger)
    with behind_the_triggers(ledger.engine) as connection:
        change = f"UPDATE ledger_events SET {column} = :value WHERE id = :id"
        connection.execute(text(change), {"value": value, "id": position})
        if column == "type":
            topic = "UPDATE ledger_events SET topic = 'quarantine:wrong_mode' WHERE id = :id"
            connection.execute(text(topic), {"id": position})

    (problem,) = problems(ledger)
    assert problem.startswith(f"position {position}: the chain does not match")


def test_rows_that_swapped_their_versions_are_found(ledger: Ledger) -> None:
    """Versions grow with positions; the first row of the stream that does not fit is named."""
    fill(ledger)
    swap = "UPDATE ledger_events SET originator_version = {} WHERE id = :id"
    with behind_the_triggers(ledger.engine) as connection:
        streams: dict[Any, list[int]] = {}
        for row in rows_of(connection):
            streams.setdefault(row["originator_id"], []).append(row["id"])
        first, second = max(streams.values(), key=len)[:2]
        for id, version in ((first, 99), (second, 1), (first, 2)):
            connection.execute(text(swap.format(version)), {"id": id})

    assert problems(ledger) == [f"position {first}: it is version 2 of its stream, and should be 1"]


# What SQLite stores in a column of another type, and no append does.
ODD = {
    "livemode": "5",
    "created": "1000.5",
    "received_at": "-1",
    "event_id": "x'c3'",
    "stream": "x'00'",
    "type": "CAST(x'c3' AS TEXT)",
    "originator_id": "'short'",
    "originator_version": "'many'",
    "chain": "'text'",
    "state": "'text'",
    "source": "7.5",
    "id": "-3",
}


@pytest.mark.parametrize("column", ODD)
def test_values_that_no_append_writes_are_found(fresh_database: FreshDatabase, column: str) -> None:
    """Verification reports them at their position, and does not fail of them."""
    ledger = Ledger.open(fresh_database("sqlite"), create=True)
    fill(ledger)
    with behind_the_triggers(ledger.engine) as connection:
        change = f"UPDATE ledger_events SET {column} = {ODD[column]} WHERE id = {EVENT}"
        connection.execute(text(change))

    named = "-3" if column == "id" else str(EVENT)
    assert any(problem.startswith(f"position {named}:") for problem in problems(ledger))
    ledger.close()


def test_memory_does_not_grow_with_the_log(fresh_database: FreshDatabase) -> None:
    """Neither rows nor streams are held: of 6,000 streams, less than 200 bytes each at any time."""
    ledger = Ledger.open(fresh_database("sqlite"), create=True)
    for start in range(0, 6000, 250):
        events = (
            body(number, data={"object": {"id": f"ch_{number}", "object": "charge"}})
            for number in range(start, start + 250)
        )
        ledger.append([delivered(event) for event in events])
    verify(ledger)  # what is cached, up to a limit, is so by now
    tracemalloc.start()
    result = verify(ledger)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert (result.position, result.problem_count) == (6000, 0)
    assert peak < 1_000_000
    ledger.close()
