"""HTTP and the command line: how events come in and state goes out."""
