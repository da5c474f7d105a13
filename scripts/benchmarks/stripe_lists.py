"""A Stripe that lists as many charges as it is told to: made when they are asked for."""

from __future__ import annotations

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from api.simulator import START, story

_LIST = "/v1/charges"


def main() -> None:
    """Serve: the arguments are a port, how many charges there are, and milliseconds a page."""
    port, count, milliseconds = map(int, sys.argv[1:])
    ThreadingHTTPServer(("127.0.0.1", port), _handler(count, milliseconds / 1000)).serve_forever()


def _handler(count: int, delay_seconds: float) -> type[BaseHTTPRequestHandler]:
    events = story("authorised_then_captured").events
    template = next(
        event["data"]["object"] for event in events if event["data"]["object"]["object"] == "charge"
    )

    def charge(number: int) -> str:
        names = {"id": f"ch_{number:012}", "payment_intent": f"pi_{number:012}"}
        return json.dumps({**template, **names, "created": START + number}, indent=2)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16

        def do_GET(self) -> None:
            time.sleep(delay_seconds)
            address = urlsplit(self.path)
            query = parse_qs(address.query)
            after = int(query.get("starting_after", [f"ch_{count}"])[0].removeprefix("ch_"))
            first = max(0, after - int(query.get("limit", ["10"])[0]))
            numbers = range(after - 1, first - 1, -1) if address.path == _LIST else ()
            items = ",".join(map(charge, numbers))
            more = json.dumps(bool(numbers) and first > 0)
            body = f'{{"object":"list","data":[{items}],"has_more":{more}}}'.encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    return Handler


if __name__ == "__main__":
    main()
