"""`ledger demo`: the simulator's stories, posted to a ledger and compared with its rows."""
