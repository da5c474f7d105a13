"""The journal as it is stored: its tables, what a batch of the log changes, and its reports."""
