"""Screenshots of the console for the documents, of what the demo's stories became: true ones.

`scripts/screenshots` runs it as `python -m scripts.helpers.screenshots`.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import requests
from playwright.sync_api import sync_playwright

from api.commands.embedded import Embedded, embedded
from api.demo.runner import DemoOptions, run

__all__ = ["main"]

_DOCS = Path(__file__).parents[2] / "docs"
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
# A seed whose stories are the same each time, but for what the clock says.
_SEED = 7


def main() -> int:
    """Run the demo, and take the screenshots; 1 where something was not right."""
    chromium = shutil.which("chromium")
    if chromium is None:
        print("scripts/screenshots: needs chromium on the path", file=sys.stderr)
        return 1
    with embedded() as ledger:
        if run(_options(ledger)):
            return 1
        order = _order_to_show(ledger)
        _take(chromium, ledger, {"console.png": f"/orders/{order}"})
    return 0


def _options(ledger: Embedded) -> DemoOptions:
    return DemoOptions(
        url=ledger.url,
        secret=ledger.secret,
        api_key=ledger.api_key,
        key_shown=ledger.api_key,
        seed=_SEED,
        rate=0,
        shuffle=20,
        duplicate=5,
        tamper=5,
        for_seconds=None,
        write=print,
    )


def _order_to_show(ledger: Embedded) -> str:
    """The order with the longest history of those that were partly given back."""
    response = requests.get(
        f"{ledger.url}/v1/orders",
        {"status": "partially_refunded", "limit": "100"},
        headers={"Authorization": f"Bearer {ledger.api_key}"},
        timeout=30,
    )
    response.raise_for_status()
    row = max(response.json()["data"], key=lambda row: (row["events"], row["id"]))
    return str(row["id"])


def _take(chromium: str, ledger: Embedded, pages: dict[str, str]) -> None:
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as directory:
        context = playwright.chromium.launch_persistent_context(
            directory,
            executable_path=chromium,
            args=_FLAGS,
            viewport={"width": 1500, "height": 900},
        )
        page = context.new_page()
        page.goto(ledger.console_url)
        for name, path in pages.items():
            page.goto(f"{ledger.url}{path}")
            page.get_by_text("set by").first.wait_for()
            page.screenshot(path=_DOCS / name)
        context.close()


if __name__ == "__main__":
    sys.exit(main())
