"""What moves projections along the log: following, rebuilding, checking, repairing, cutover."""
