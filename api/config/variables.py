"""How an environment variable is declared, and how its text is read: small, strict parsers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field
from typing import Any

from ledger import database_url

SECRET_LENGTH_MIN = 16

_SECRET = re.compile(r"[!#-&(-+\--_a-~]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Secret:
    """A webhook signing secret; its name, unlike its value, may be logged and counted."""

    name: str
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Variable:
    """What is declared of one environment variable; `default` is written as one would set it."""

    name: str
    attribute: str
    parse: Callable[[str], Any]
    default: str
    about: str

    @classmethod
    def of(cls, declared: Field[Any]) -> Variable:
        """The variable that a field was declared as."""
        return cls(attribute=declared.name, **declared.metadata)


def variable(
    name: str, parse: Callable[[str], Any], default: str, about: str, *, secret: bool = False
) -> Any:
    """A dataclass field that is read from an environment variable.

    Its parser reads the default too, and an empty text where there is none. A `secret` is left
    out of the dataclass's repr.
    """
    return field(
        default=parse(default),
        repr=not secret,
        metadata={"name": name, "parse": parse, "default": default, "about": about},
    )


def integer(least: int, most: int) -> Callable[[str], int]:
    """A parser of whole numbers from `least` to `most`."""

    def parse(text: str) -> int:
        if not (
            text.isascii() and text.isdigit() and len(text) < 20 and least <= int(text) <= most
        ):
            raise ValueError(f"must be a whole number from {least} to {most}")
        return int(text)

    return parse


def one_of(choices: Mapping[str, Any]) -> Callable[[str], Any]:
    """A parser of words, each of which stands for a value."""

    def parse(text: str) -> Any:
        if text.lower() not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return choices[text.lower()]

    return parse


def host(text: str) -> str:
    """A name or an address; whether it exists shows when it is bound."""
    if not text.isascii() or not text.isprintable() or " " in text or "/" in text:
        raise ValueError("must be a host name or an address, without scheme, port or path")
    return text.strip("[]")


def address(text: str) -> tuple[str, int] | None:
    """`HOST:PORT`, or nothing."""
    if not text:
        return None
    name, colon, port = text.rpartition(":")
    if not (colon and name):
        raise ValueError("must be HOST:PORT")
    return host(name), integer(1, 65535)(port)


def store(text: str) -> str:
    """A database's URL, in the one form that everything below understands."""
    return database_url(text).render_as_string(hide_password=False)


def api_keys(text: str) -> tuple[str, ...]:
    """Keys separated by commas; of a wrong one only its place is told."""
    keys = _parts(text)
    for number, key in enumerate(keys, 1):
        if len(key) < SECRET_LENGTH_MIN or not (key.isascii() and key.isprintable()):
            raise ValueError(
                f"key {number} must have at least {SECRET_LENGTH_MIN} printable ASCII characters"
            )
    return tuple(keys)


def webhook_secrets(text: str) -> tuple[Secret, ...]:
    """`whsec_…` or `name=whsec_…`, separated by commas; an unnamed one is called by its place."""
    secrets: list[Secret] = []
    for number, part in enumerate(_parts(text), 1):
        secret = _secret(part, number)
        if not _SECRET.fullmatch(secret.value):
            raise ValueError(
                f"secret {number} has blanks, quotes or other characters that no secret has"
            )
        if len(secret.value) < SECRET_LENGTH_MIN:
            raise ValueError(
                f"secret {number} has fewer than {SECRET_LENGTH_MIN} characters;"
                " copy the endpoint's whole whsec_… secret"
            )
        if secret.name in {earlier.name for earlier in secrets}:
            raise ValueError(f"secret {number} has the name of an earlier one")
        secrets.append(secret)
    return tuple(secrets)


def _secret(part: str, number: int) -> Secret:
    name, equals, value = (each.strip() for each in part.partition("="))
    if equals and name.isascii() and name.replace("-", "").replace("_", "").isalnum():
        return Secret(name, value)
    return Secret(f"secret{number}", part)


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")] if text else []
