"""The journal: every fact about money as double entry, a function of the set of events known."""
