"""`scripts/sample`: a sample payment, signed and posted to the ledger of `scripts/run`."""

from __future__ import annotations

import secrets
import sys
import time

from api.config.settings import Settings
from api.demo.client import Client
from api.serve.address import host_port
from api.simulator import body, story
from ledger import ConfigurationError

_STORY = "order_with_late_balance_transaction"
_STORY_SECONDS = 10


def main() -> None:
    """Post the events of a new order, and print the position in the log that each one got."""
    settings = Settings.read(serving=True)
    url = f"http://{host_port(settings.host, settings.port)}"
    client = Client(url, secret=settings.webhook_secrets[0].value, api_key="")
    start = int(time.time()) - _STORY_SECONDS
    events = story(_STORY, seed=secrets.randbelow(1 << 48), start=start).events
    for event in events:
        response = client.deliver(body(event))
        if response.status != 200:
            sys.exit(f"scripts/sample: {url} refused the event: {response.body.get('title')}")
        result = f"{response.body['status']} at {response.body['position']}"
        print(f"{result}: {event['type']} {event['id']}")
    print(f"The order is {events[0]['data']['object']['id']}.")


if __name__ == "__main__":
    try:
        main()
    except ConfigurationError as error:
        sys.exit(f"scripts/sample: {error}")
