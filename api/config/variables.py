"""How an environment variable is declared, and the parsers that environs reads its text with."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field
from typing import Any
from urllib.parse import urlsplit

from environs import Env, ValidationError, validate
from marshmallow import fields

from api.notify.addresses import Network, Networks
from ledger import ConfigurationError, database_url

SECRET_LENGTH_MIN = 16
SESSION_SECRET_LENGTH_MIN = 32

_STRIPE_KEY = re.compile(r"(sk|rk)_(live|test)_[A-Za-z0-9_]{8,}", re.ASCII)
_SECRET = re.compile(r"[!#-&(-+\--_a-~]*", re.ASCII)

# Reads the variable of a name from an environment; problems stay there until `seal`.
Parser = Callable[[Env, str], Any]


class Environment(Env):
    """environs over a mapping of texts instead of `os.environ`; it reports all problems at once."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        super().__init__(eager=False)
        self._texts = texts
        self.add_parser_from_field("whole_number", _WholeNumber)
        self.add_parser_from_field("custom", fields.Function)

    def _get_value(self, env_key: str, default: Any) -> Any:
        return self._texts.get(env_key, default)


@dataclass(frozen=True, slots=True)
class Secret:
    """A webhook signing secret; its name, unlike its value, may be logged and counted."""

    name: str
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Variable:
    """The declaration of an environment variable; `default` is the text one would set."""

    name: str
    attribute: str
    parse: Parser
    default: str
    about: str

    @classmethod
    def of(cls, declared: Field[Any]) -> Variable:
        """The variable that a dataclass field was declared as."""
        return cls(attribute=declared.name, **declared.metadata)


def variable(name: str, parse: Parser, default: str, about: str, *, secret: bool = False) -> Any:
    """A dataclass field that is read from an environment variable.

    The parser reads the default too, which is an empty text where there is none. A `secret` is
    left out of the dataclass's repr.
    """
    defaults = Environment({name: default})
    value = parse(defaults, name)
    defaults.seal()
    return field(
        default=value,
        repr=not secret,
        metadata={"name": name, "parse": parse, "default": default, "about": about},
    )


class _WholeNumber(fields.Integer):
    """ASCII digits only: `int` also takes signs, underscores and the digits of other scripts."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> int:
        if not (value.isascii() and value.isdigit()):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, attr, data, **kwargs)


def integer(minimum: int, maximum: int) -> Parser:
    """A parser of whole numbers from `minimum` to `maximum`."""
    message = f"must be a whole number from {minimum} to {maximum}"
    errors = dict.fromkeys(("invalid", "too_large"), message)
    is_between = validate.Range(minimum, maximum, error=message)
    return lambda env, name: env.whole_number(name, validate=is_between, error_messages=errors)


def one_of(choices: Mapping[str, Any]) -> Parser:
    """A parser of words in any case, each of which stands for a value."""
    is_choice = validate.OneOf(choices, error="must be one of {choices}")
    return custom(lambda text: choices[is_choice(text.lower())])


def custom(read: Callable[[str], Any]) -> Parser:
    """A parser that calls a function of the text, which raises `ValidationError`."""
    return lambda env, name: env.custom(name, deserialize=read)


def read_host(text: str) -> str:
    """A host name or an address; whether it exists is only known when it is bound."""
    if not text.isascii() or not text.isprintable() or " " in text or "/" in text:
        raise ValidationError("must be a host name or an address, without scheme, port or path")
    return text.strip("[]")


def read_address(text: str) -> tuple[str, int] | None:
    """`HOST:PORT`; None for an empty text."""
    if not text:
        return None
    host, colon, port = text.rpartition(":")
    if not (colon and host):
        raise ValidationError("must be HOST:PORT")
    if not (port.isascii() and port.isdigit() and 1 <= int(port) <= 65535):
        raise ValidationError("must be HOST:PORT, with a port from 1 to 65535")
    return read_host(host), int(port)


def read_database_url(text: str) -> str:
    """A database URL, in the one form that the ledger and the projections understand."""
    try:
        return database_url(text).render_as_string(hide_password=False)
    except ConfigurationError as error:
        raise ValidationError(str(error).removeprefix("LEDGER_DATABASE_URL ")) from None


def read_api_keys(text: str) -> tuple[str, ...]:
    """Keys separated by commas; the message about a wrong one only gives its number."""
    return _printable_parts(text, "key", SECRET_LENGTH_MIN)


def read_session_secrets(text: str) -> tuple[str, ...]:
    """Secrets separated by commas; whoever guesses one can make a session's cookie."""
    return _printable_parts(text, "secret", SESSION_SECRET_LENGTH_MIN)


def _printable_parts(text: str, name: str, length_min: int) -> tuple[str, ...]:
    parts = _parts(text)
    for number, part in enumerate(parts, 1):
        if len(part) < length_min or not (part.isascii() and part.isprintable()):
            raise ValidationError(
                f"{name} {number} must have at least {length_min} printable ASCII characters"
            )
    return tuple(parts)


def read_stripe_api_key(text: str) -> str | None:
    """A key of Stripe's API, whose beginning says its mode; None for an empty text."""
    if text and not _STRIPE_KEY.fullmatch(text):
        raise ValidationError("must be a key of Stripe's API: rk_live_…, rk_test_…, sk_…")
    return text or None


def read_stripe_api_base(text: str) -> str:
    """An address of http or https; the key goes to no other machine in the clear."""
    parts = urlsplit(text)
    is_local = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValidationError("must be an address: https://HOST")
    if parts.scheme == "http" and not is_local:
        raise ValidationError("must begin with https://, for it gets the key")
    return text.rstrip("/")


def read_module(text: str) -> str | None:
    """A module's dotted name."""
    if text and not all(part.isidentifier() for part in text.split(".")):
        raise ValidationError("must be a module's name, like shop.fulfilment")
    return text or None


def read_networks(text: str) -> tuple[Network, ...]:
    """CIDRs, separated by commas."""
    try:
        return Networks.read(text).allowed
    except ValueError as error:
        raise ValidationError(
            f"must be CIDRs like 10.0.0.0/8, separated by commas: {error}"
        ) from None


def read_webhook_secrets(text: str) -> tuple[Secret, ...]:
    """`whsec_…` or `name=whsec_…`, separated by commas; the second unnamed one is `secret2`."""
    secrets: list[Secret] = []
    for number, part in enumerate(_parts(text), 1):
        secret = _secret(part, number)
        if not _SECRET.fullmatch(secret.value):
            raise ValidationError(
                f"secret {number} has blanks, quotes or other characters that no secret has"
            )
        if len(secret.value) < SECRET_LENGTH_MIN:
            raise ValidationError(
                f"secret {number} has fewer than {SECRET_LENGTH_MIN} characters;"
                " copy the endpoint's whole whsec_… secret"
            )
        if secret.name in {earlier.name for earlier in secrets}:
            raise ValidationError(f"secret {number} has the name of an earlier one")
        secrets.append(secret)
    return tuple(secrets)


def _secret(part: str, number: int) -> Secret:
    name, equals, value = (piece.strip() for piece in part.partition("="))
    if equals and name.isascii() and name.replace("-", "").replace("_", "").isalnum():
        return Secret(name, value)
    return Secret(f"secret{number}", part)


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")] if text else []


def is_loopback(host: str) -> bool:
    """Whether an address to listen on can be reached from this machine only."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
