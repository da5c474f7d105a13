"""The customers of the stories: invented names, addresses, payment methods and goods."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from api.simulator.ids import Ids

_FIRST = ("Ada", "Björn", "Chidi", "Dolores", "Émile", "Fatima", "Grace", "Hiro", "Inès", "Jürgen")
_LAST = ("Abara", "Blanc", "Costa", "Dvořák", "Ekman", "Fischer", "García", "Haddad", "Ito", "Li")
_TOWNS = (
    ("Dublin", "IE", "D02 AF30", "1 Grand Canal Street Lower", None),
    ("Oakland", "US", "94607", "510 Townsend Row", "CA"),
    ("Malmö", "SE", "211 20", "Stortorget 12", None),
    ("Lyon", "FR", "69002", "18 rue de la République", None),
    ("Austin", "US", "78701", "98 Congress Avenue", "TX"),
)
_GOODS = (
    "Oak desk, 160 cm",
    "Tickets: Saturday matinee",
    "Coffee, 2 kg whole beans",
    "Trail shoes, EU 43",
    "Fountain pen & ink",
    "Weekend course in letterpress",
)
_CARDS = (("visa", "4242"), ("mastercard", "4444"), ("amex", "0005"), ("visa", "3184"))

CURRENCIES = ("usd", "eur", "gbp", "sek", "jpy")


@dataclass(frozen=True, slots=True)
class Method:
    """A payment method: a card or a bank account that is debited."""

    id: str
    type: str
    brand: str
    last4: str
    fingerprint: str
    exp_year: int
    country: str


@dataclass(frozen=True, slots=True)
class Person:
    """A customer, with the data that Stripe copies into other objects."""

    id: str
    name: str
    email: str
    phone: str
    address: dict[str, Any]
    account: str | None = None
    """The id of the v2 Account that the customer is, if any."""


def person(rng: Random, ids: Ids) -> Person:
    """Return a new customer."""
    first, last = rng.choice(_FIRST), rng.choice(_LAST)
    city, country, code, line, state = rng.choice(_TOWNS)
    address = {
        "city": city,
        "country": country,
        "line1": line,
        "line2": None,
        "postal_code": code,
        "state": state,
    }
    number = rng.randrange(10_000)
    email = f"{first}.{last}{number}@example.com".lower()
    return Person(ids.new("cus"), f"{first} {last}", email, f"+1555{number:07d}", address)


def method(rng: Random, ids: Ids, kind: str = "card") -> Method:
    """Return a new payment method of that type."""
    brand, last4 = rng.choice(_CARDS) if kind == "card" else ("Test Bank", "6789")
    return Method(ids.new("pm"), kind, brand, last4, ids.text(16), rng.randint(2028, 2033), "US")


def goods(rng: Random) -> str:
    """Return the description of something sold."""
    return rng.choice(_GOODS)
