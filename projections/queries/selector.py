"""Which row is asked for, where an id alone does not say: account, mode, and the moment."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from sqlalchemy import Select, TableClause

from projections.objects.observation import Scope
from projections.queries.narrowed import Condition, equal, narrowed

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

    @property
    def conditions(self) -> list[Condition]:
        """What has to hold for the account and mode of a row."""
        conditions: list[Condition] = []
        if self.account in (None, "self"):
            conditions.append(equal("account", None))
        elif self.account is not ANY:
            conditions.append(equal("account", self.account))
        if self.livemode is not None:
            conditions.append(equal("livemode", self.livemode))
        return conditions

    def restrict(self, query: Select[Any], rows: TableClause) -> Select[Any]:
        """The query for rows of the account and mode only, which has a sharper condition."""
        return narrowed(query, rows, self.conditions)
