"""The catalog in the world: customers, products and prices."""

from __future__ import annotations

from dataclasses import dataclass, field

from api.simulator.people import Person


@dataclass(slots=True)
class Customer:
    """A customer as an object with events of its own; `person` is who that is."""

    person: Person
    created: int
    email: str
    balance: int = 0
    currency: str | None = None
    delinquent: bool = False
    default_payment_method: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The customer's id, which its payments and subscriptions name."""
        return self.person.id


@dataclass(slots=True)
class Product:
    """A product of the catalog."""

    id: str
    created: int
    name: str
    description: str | None = None
    active: bool = True
    default_price: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Price:
    """A price; a recurring one is also a plan, with the same id and events of its own."""

    id: str
    created: int
    product: str
    currency: str
    unit_amount: int | None
    unit_amount_decimal: str
    interval: str | None = "month"
    interval_count: int = 1
    usage_type: str = "licensed"
    meter: str | None = None
    nickname: str | None = None
    lookup_key: str | None = None
    active: bool = True
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Plan:
    """A recurring price as Stripe tells it to those who still know plans."""

    price: Price

    @property
    def id(self) -> str:
        """The price's id."""
        return self.price.id
