"""Questions: rows as they are now, as they were, and how the projections are doing."""
