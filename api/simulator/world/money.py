"""Money that moves in the world: transfers, top-ups, application fees."""

from __future__ import annotations

from dataclasses import dataclass, field

from api.simulator.world.payments import Failure


@dataclass(frozen=True, slots=True)
class TransferReversal:
    """What was taken back of a transfer."""

    id: str
    created: int
    amount: int
    balance_transaction: str
    source_refund: str | None = None
    destination_payment_refund: str | None = None


@dataclass(slots=True)
class Transfer:
    """A transfer to a connected account."""

    id: str
    created: int
    amount: int
    currency: str
    destination: str
    destination_payment: str
    balance_transaction: str | None = None
    source_transaction: str | None = None
    source_type: str = "card"
    transfer_group: str | None = None
    description: str | None = None
    reversals: tuple[TransferReversal, ...] = ()
    metadata: dict[str, str] = field(default_factory=dict)

    @property
    def amount_reversed(self) -> int:
        """How much of it was taken back."""
        return sum(reversal.amount for reversal in self.reversals)


@dataclass(slots=True)
class Topup:
    """Money that the merchant's bank puts into the balance."""

    id: str
    created: int
    amount: int
    currency: str
    source: str
    expected_availability_date: int | None
    status: str = "pending"
    failure: Failure | None = None
    balance_transaction: str | None = None
    statement_descriptor: str | None = None
    transfer_group: str | None = None
    description: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class FeeRefund:
    """What a platform gave back of a fee; `fee` is the fee's id."""

    id: str
    created: int
    amount: int
    currency: str
    fee: str
    balance_transaction: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class ApplicationFee:
    """What a platform earns of a connected account's charge, or of its payout."""

    id: str
    created: int
    amount: int
    currency: str
    account: str
    application: str
    charge: str | None
    payout: str | None = None
    originating_transaction: str | None = None
    balance_transaction: str | None = None
    refunds: tuple[FeeRefund, ...] = ()

    @property
    def amount_refunded(self) -> int:
        """How much of it was given back."""
        return sum(refund.amount for refund in self.refunds)
