"""The settings, the variables they are read from, and the databases they name."""
