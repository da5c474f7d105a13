"""The accounts that can be asked about: the own one, and those that are connected to it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from api.stripe.client import StripeApi
from api.stripe.refusals import StripeRefused, StripeUnreachable
from ledger import Ledger

__all__ = ["known_accounts", "made_at"]

_PAGE = 100
_ACCOUNT = re.compile(r"acct_[A-Za-z0-9_]+", re.ASCII)


class _Account(msgspec.Struct):
    id: str
    created: int | None = None


class _AccountList(msgspec.Struct):
    data: list[_Account]
    has_more: bool


_account = msgspec.json.Decoder(_Account)
_accounts = msgspec.json.Decoder(_AccountList)


def known_accounts(api: StripeApi, ledger: Ledger) -> tuple[set[str | None], StripeRefused | None]:
    """The own account (None), those that Stripe lists, and those that the log has events of.

    That Stripe refuses to list them is returned, for the others can be asked about all the same;
    raises ``StripeUnreachable``.
    """
    refused: StripeRefused | None = None
    names: set[str | None] = {None}
    names.update(name for name in ledger.log.accounts() if _ACCOUNT.fullmatch(name))
    try:
        names.update(_listed(api))
    except StripeUnreachable:
        raise
    except StripeRefused as error:
        refused = error
    return names, refused


def made_at(api: StripeApi, account: str | None) -> int | None:
    """When an account was made (Unix seconds): nothing of it is older. None: Stripe does not say.

    Raises ``StripeUnreachable``.
    """
    path = "/v1/account" if account is None else f"/v1/accounts/{account}"
    try:
        return _account.decode(api.get(path)).created
    except StripeUnreachable:
        raise
    except StripeRefused:
        return None


def _listed(api: StripeApi) -> Iterator[str]:
    cursor: dict[str, str] = {}
    while True:
        page = _accounts.decode(api.get("/v1/accounts", limit=_PAGE, **cursor))
        yield from (account.id for account in page.data)
        if not page.has_more or not page.data:
            return
        cursor = {"starting_after": page.data[-1].id}
