"""A process that sends what is due until it is killed: `python -m tests.durability.sending URL`."""

from __future__ import annotations

import sys

from api.notify.addresses import DEFAULT_NETWORKS, Networks
from api.notify.sender import Sender
from api.serve.parent import end_with_parent
from ledger import BATCHES, StoreUnavailable, database_url
from ledger.database import open_engine

if __name__ == "__main__":
    end_with_parent(int(sys.argv[2]))
    engine = open_engine(database_url(sys.argv[1]), limits=BATCHES, pool_size=5)
    sender = Sender(engine, networks=Networks.read(DEFAULT_NETWORKS))
    while True:
        try:
            sender.send()
        except StoreUnavailable:
            continue  # SQLite's file is locked: others write
