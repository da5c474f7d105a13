"""What the ledger says of itself: logs and metrics."""
