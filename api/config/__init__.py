"""The settings, the environment variables that hold them, and the databases they name."""
