"""States → rows: kinds, components of linked objects, and merging events into them. Pure."""
