"""The processes of a running ledger: a supervisor, web workers, the follower."""
