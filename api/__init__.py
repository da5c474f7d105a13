"""How facts come in and conclusions go out: HTTP and the command line."""
