"""Thin events in the log: how many there are, and how far their objects have been fetched."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import Engine, bindparam, inspect, select, text

from api.stripe.tables import THIN, upsert
from ledger.database import read_transaction, write_transaction
from ledger.scan import distinct

__all__ = ["ThinFigures", "ThinStore"]

# Stripe names their types by the version of the API whose objects they are about.
_TYPE = re.compile(r"v\d+\.", re.ASCII)

_FIGURES = text("""
    SELECT count(*) AS events,
        COALESCE(SUM(CASE WHEN id > CASE WHEN livemode = :live THEN :of_live ELSE :of_test END
                     THEN 1 ELSE 0 END), 0) AS waiting
    FROM ledger_events WHERE type IN :types
""").bindparams(bindparam("types", expanding=True))


@dataclass(frozen=True, slots=True)
class ThinFigures:
    """How many thin events the log has, and of how many the object has not been fetched yet."""

    events: int
    waiting: int


class ThinStore:
    """What is known of thin events; every method raises ``StoreUnavailable``."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def types(self) -> tuple[str, ...]:
        """The types of the thin events that the log has."""
        with read_transaction(self._engine) as connection:
            types = distinct(connection, "type")
        return tuple(name for name in types if _TYPE.match(name))

    def figures(self) -> ThinFigures:
        """How many there are, and how many wait: without a key all of them."""
        types = self.types()
        if not types:
            return ThinFigures(0, 0)
        values = {
            "types": types,
            "live": True,
            "of_live": self.position(livemode=True),
            "of_test": self.position(livemode=False),
        }
        with read_transaction(self._engine) as connection:
            row = connection.execute(_FIGURES, values).one()
        return ThinFigures(row.events, row.waiting)

    def position(self, *, livemode: bool) -> int:
        """Up to where the objects of a mode's thin events have been fetched; 0: nowhere."""
        query = select(THIN.c.position).where(THIN.c.livemode.is_(livemode))
        with read_transaction(self._engine) as connection:
            if not inspect(connection).has_table(THIN.name):
                return 0
            return connection.execute(query).scalar() or 0

    def save(self, position: int, *, livemode: bool) -> None:
        """Remember up to where they have been fetched."""
        with write_transaction(self._engine) as connection:
            upsert(connection, THIN, {"livemode": livemode, "position": position})
