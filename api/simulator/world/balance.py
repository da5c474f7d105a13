"""The balance in the world: the transactions that move it, and the payouts that they end in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FeePart:
    """One part of a balance transaction's fee."""

    amount: int
    description: str
    type: str = "stripe_fee"
    application: str | None = None


@dataclass(frozen=True, slots=True)
class BalanceTransaction:
    """A balance transaction; nothing of it ever changes but that it becomes available."""

    id: str
    created: int
    amount: int
    currency: str
    type: str
    category: str
    available_on: int
    source: str | None = None
    description: str | None = None
    exchange_rate: float | None = None
    fee_parts: tuple[FeePart, ...] = ()

    @property
    def fee(self) -> int:
        """The whole fee."""
        return sum(part.amount for part in self.fee_parts)

    @property
    def net(self) -> int:
        """The amount that reaches the merchant's balance."""
        return self.amount - self.fee

    def status(self, seconds: int) -> str:
        """Its status at a time."""
        return "available" if self.available_on <= seconds else "pending"


@dataclass(slots=True)
class Movement:
    """A balance transaction in the books of its account, and the payout it became a part of."""

    account: str | None
    livemode: bool
    transaction: BalanceTransaction
    payout: str | None = None


@dataclass(frozen=True, slots=True)
class Conversion:
    """The currency in which a merchant is paid what was charged in another, and the rate."""

    currency: str
    rate: float
