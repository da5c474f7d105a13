"""Ingest: signed deliveries from Stripe become events in the log."""
