"""Which row is asked for, where an id alone does not say: account, mode, and the moment."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from sqlalchemy import Select, TableClause

from projections.objects.observation import Scope

__all__ = ["ANY", "Account", "RowSelector"]


class AnyAccount(Enum):
    """No filter by account at all; no client can send it."""

    ACCOUNT = "any"


ANY: Final = AnyAccount.ACCOUNT
# None and "self" are the ledger's own.
Account = str | None | AnyAccount


@dataclass(frozen=True, slots=True)
class RowSelector:
    """Restricts rows to an account and mode, and says as of when they are meant.

    ``as_of`` are Unix seconds: only events created up to then count. ``at_position``: only events
    up to that position of the log. None of both: now.
    """

    account: Account = ANY
    livemode: bool | None = None
    as_of: int | None = None
    at_position: int | None = None

    @property
    def is_past(self) -> bool:
        """Whether the row is folded from the log instead of read from the table."""
        return self.as_of is not None or self.at_position is not None

    def includes(self, scope: Scope) -> bool:
        """Whether rows of a scope are meant."""
        account = None if self.account == "self" else self.account
        return account in (ANY, scope.account) and self.livemode in (None, scope.livemode)

    def restrict(self, query: Select[Any], rows: TableClause) -> Select[Any]:
        """The query for rows of the account and mode only."""
        if self.account in (None, "self"):
            query = query.where(rows.c.account.is_(None))
        elif self.account is not ANY:
            query = query.where(rows.c.account == self.account)
        if self.livemode is not None:
            query = query.where(rows.c.livemode.is_(self.livemode))
        return query
