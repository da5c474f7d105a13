"""A real Chromium, driven by Playwright: Debian's, or whichever is on the path."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import ConsoleMessage, Page, Request, sync_playwright

__all__ = ["NEEDED", "Tab", "chromium"]

_PATH = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip

NEEDED = pytest.mark.skipif(_PATH is None, reason="there is no chromium on the path")


@dataclass
class Tab:
    """A tab, and what went wrong in it: refusals of the policy, errors, requests to elsewhere."""

    page: Page
    base: str
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._note_message)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("request", self._note_request)

    def _note_message(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.wrong.append(f"{self.page.url}: {message.text}")

    def _note_request(self, request: Request) -> None:
        if not request.url.startswith(self.base):
            self.wrong.append(request.url)

    def open(self, path: str) -> None:
        """Open a page of the ledger."""
        self.page.goto(self.base + path)

    def sign_in(self, key: str) -> None:
        """Sign in by the form."""
        self.open("/sign-in")
        self.page.get_by_label("API key").fill(key)
        self.page.get_by_role("button", name="Sign in").click()


@contextmanager
def chromium(base: str, *, javascript: bool = True) -> Iterator[Tab]:
    """A tab of a browser that knows nothing yet."""
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as directory:
        context = playwright.chromium.launch_persistent_context(
            directory,
            executable_path=_PATH,
            args=_FLAGS,
            java_script_enabled=javascript,
            viewport={"width": 1280, "height": 900},
        )
        context.set_default_timeout(20_000)
        try:
            yield Tab(context.new_page(), base)
        finally:
            context.close()
