"""`python -m api.commands`: the command line where no console script is installed."""

from __future__ import annotations

from api.commands.cli import main

if __name__ == "__main__":
    main(prog_name="ledger")
