"""A browser without JavaScript: it keeps the cookie, follows links and fills in forms."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from werkzeug.test import TestResponse

from api.console.session import COOKIE
from tests.api.client import FULL_KEY, ApiClient

__all__ = ["SESSION_SECRET", "Browser", "text_of"]

SESSION_SECRET = "a-session-secret-of-32-characters-or-more"
_TOKEN = re.compile(r'name="form_token" value="([0-9a-f]{64})"')


class Browser:
    """Somebody who looks at a ledger's console."""

    def __init__(self, client: ApiClient) -> None:
        self.http = client.app.test_client()

    @property
    def cookie(self) -> str | None:
        """The session's cookie."""
        cookie = self.http.get_cookie(COOKIE)
        return None if cookie is None else cookie.value

    def get(self, path: str, *, status: int = 200, **request: Any) -> str:
        """The text of a page."""
        response = self.http.get(path, **request)
        assert response.status_code == status, response.text
        return response.text

    def sign_in(self, key: str = FULL_KEY, next: str = "/") -> TestResponse:
        """Open the form, and send it with a key."""
        form = {"key": key, "next": next, "form_token": self.token("/sign-in")}
        return self.http.post("/sign-in", data=form)

    def post(self, path: str, page: str, **form: str) -> TestResponse:
        """Send a form of a page."""
        return self.http.post(path, data={**form, "form_token": self.token(page)})

    def token(self, page: str) -> str:
        """The token of a page's forms."""
        match = _TOKEN.search(self.get(page))
        assert match, page
        return match[1]


def text_of(page: str) -> str:
    """What a page says, without its markup."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", page)).split())
