"""Logs and metrics of the running ledger."""
