"""Pages as a browser parses them: what could run, where links lead, and what fields say."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

__all__ = ["Page", "parsed"]

_LEADS_TO = ("href", "src", "action", "hx-get", "hx-post", "formaction")
_LOCAL = ("/", "#", "https://dashboard.stripe.com/")


@dataclass
class Page(HTMLParser):
    """What is in a page; ``wrong`` is what nobody but a stranger could have written."""

    wrong: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    buttons: list[str] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)
    moments: list[str] = field(default_factory=list)
    _term: str | None = None
    _into: list[str] | None = None

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at a tag and at what it leads to."""
        given_attributes = dict(attrs)
        source = given_attributes.get("src") or ""
        if tag in ("img", "iframe", "object", "embed", "base", "style"):
            self.wrong.append(tag)
        if tag == "script" and not source.startswith("/static/"):
            self.wrong.append("script")
        for name, value in attrs:
            if name.startswith("on") or name == "style":
                self.wrong.append(name)
            if name in _LEADS_TO and not (value or "").startswith(_LOCAL):
                self.wrong.append(f"{name}={value}")
        if tag == "input" and given_attributes.get("type") == "radio":
            self.moments.append(given_attributes["value"] or "")
        if tag in ("dt", "dd", "button"):
            self._into = []

    def handle_endtag(self, tag: str) -> None:
        """End a term, what is said of it, or a button."""
        said_text = " ".join("".join(self._into or ()).split())
        if tag == "dt":
            self._term = said_text
        elif tag == "dd" and self._term is not None:
            self.fields.setdefault(self._term, said_text)
        elif tag == "button":
            self.buttons.append(said_text)
        if tag in ("dt", "dd", "button"):
            self._into = None

    def handle_data(self, data: str) -> None:
        """Text, as it is shown."""
        self.text.append(data)
        if self._into is not None:
            self._into.append(data)


def parsed(page: str) -> Page:
    """A page as a browser parses it."""
    result = Page()
    result.feed(page)
    return result
