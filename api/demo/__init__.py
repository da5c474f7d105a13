"""`ledger demo`: posts the simulator's stories to a ledger and compares its rows with the truth."""
