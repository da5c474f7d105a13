"""Notifications: what became true, defined by the log alone; and the feed that holds them."""
