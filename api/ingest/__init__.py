"""The way in: signed deliveries become facts in the log."""
