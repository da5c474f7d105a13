"""What waits of balance transactions, as metrics and as a line of `ledger status`."""

from __future__ import annotations

from api.stripe.balance_store import BalanceState, BalanceStore, Wanted
from tests.api.client import ApiClient
from tests.api.deliveries import NOW
from tests.api.test_fetched_events import sample
from tests.cli.terminal import Terminal


def test_the_backlog_is_shown(client: ApiClient) -> None:
    """How many wait, how many of them are due and since when; how old the oldest sweep is."""
    engine = client.ledger.engine
    balance = BalanceStore(engine, livemode=False)
    terminal = Terminal(engine.url.render_as_string(hide_password=False))
    assert sample(client, "ledger_balance_backlog") == 0
    assert "balance transactions" not in terminal.ok("status")
    for id, due_at in (("txn_1", NOW - 500), ("txn_2", NOW - 100), ("po_1", NOW + 10**9)):
        balance.put(Wanted("acct_1", False, id, "named", due_at))
    for account, swept_until in ((None, NOW - 60), ("acct_1", NOW - 600), ("acct_2", 0)):
        balance.save(BalanceState(account, False, swept_until))

    assert sample(client, "ledger_balance_wanted") == 3
    assert sample(client, "ledger_balance_backlog") == 2
    assert sample(client, "ledger_balance_backlog_age_seconds") == 500
    assert sample(client, "ledger_balance_sweep_age_seconds") == 600
    shown = terminal.read("status")["balance_transactions"]
    assert (shown["wanted"], shown["oldest_due"]) == (3, NOW - 500)
    assert "3 to be asked for" in terminal.ok("status")
