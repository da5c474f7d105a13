"""The JSON of transfers, top-ups, application fees and balance transactions, by API version."""

from __future__ import annotations

from api.simulator.shapes.parts import Json, list_object
from api.simulator.versions import ApiVersion
from api.simulator.world import (
    ApplicationFee,
    BalanceTransaction,
    FeeRefund,
    Topup,
    Transfer,
    TransferReversal,
)


def transfer(transfer: Transfer, livemode: bool) -> Json:
    """Return a Transfer with its reversals, newest first."""
    return {
        "id": transfer.id,
        "object": "transfer",
        "amount": transfer.amount,
        "amount_reversed": transfer.amount_reversed,
        "balance_transaction": transfer.balance_transaction,
        "created": transfer.created,
        "currency": transfer.currency,
        "description": transfer.description,
        "destination": transfer.destination,
        "destination_payment": transfer.destination_payment,
        "livemode": livemode,
        "metadata": dict(transfer.metadata),
        "reversals": list_object(
            [transfer_reversal(each, transfer) for each in reversed(transfer.reversals)],
            f"/v1/transfers/{transfer.id}/reversals",
        ),
        "reversed": transfer.amount_reversed == transfer.amount,
        "source_transaction": transfer.source_transaction,
        "source_type": transfer.source_type,
        "transfer_group": transfer.transfer_group,
    }


def transfer_reversal(reversal: TransferReversal, transfer: Transfer) -> Json:
    """Return what was taken back of a Transfer; it has no `livemode`."""
    return {
        "id": reversal.id,
        "object": "transfer_reversal",
        "amount": reversal.amount,
        "balance_transaction": reversal.balance_transaction,
        "created": reversal.created,
        "currency": transfer.currency,
        "destination_payment_refund": reversal.destination_payment_refund,
        "metadata": {},
        "source_refund": reversal.source_refund,
        "transfer": transfer.id,
    }


def topup(topup: Topup, livemode: bool) -> Json:
    """Return a Topup, whose source is shown whole."""
    return {
        "id": topup.id,
        "object": "topup",
        "amount": topup.amount,
        "balance_transaction": topup.balance_transaction,
        "created": topup.created,
        "currency": topup.currency,
        "description": topup.description,
        "expected_availability_date": topup.expected_availability_date,
        "failure_code": topup.failure.code if topup.failure else None,
        "failure_message": topup.failure.message if topup.failure else None,
        "livemode": livemode,
        "metadata": dict(topup.metadata),
        "source": {
            "id": topup.source,
            "object": "source",
            "ach_debit": {"bank_name": "STRIPE TEST BANK", "country": "US", "last4": "6789"},
            "created": topup.created,
            "status": "chargeable",
            "type": "ach_debit",
        },
        "statement_descriptor": topup.statement_descriptor,
        "status": topup.status,
        "transfer_group": topup.transfer_group,
    }


def application_fee(fee: ApplicationFee, api: ApiVersion, livemode: bool) -> Json:
    """Return an ApplicationFee with its refunds, newest first."""
    shape: Json = {
        "id": fee.id,
        "object": "application_fee",
        "account": fee.account,
        "amount": fee.amount,
        "amount_refunded": fee.amount_refunded,
        "application": fee.application,
        "balance_transaction": fee.balance_transaction,
        "charge": fee.charge,
        "created": fee.created,
        "currency": fee.currency,
        "livemode": livemode,
        "originating_transaction": fee.originating_transaction,
        "refunded": fee.amount_refunded == fee.amount,
        "refunds": list_object(
            [fee_refund(each) for each in reversed(fee.refunds)],
            f"/v1/application_fees/{fee.id}/refunds",
        ),
    }
    if api.fee_source:
        source = {"charge": fee.charge} if fee.payout is None else {"payout": fee.payout}
        shape["fee_source"] = {**source, "type": next(iter(source))}
    return shape


def fee_refund(refund: FeeRefund) -> Json:
    """Return the refund of an application fee; it has no `livemode`."""
    return {
        "id": refund.id,
        "object": "fee_refund",
        "amount": refund.amount,
        "balance_transaction": refund.balance_transaction,
        "created": refund.created,
        "currency": refund.currency,
        "fee": refund.fee,
        "metadata": dict(refund.metadata),
    }


def balance_transaction(line: BalanceTransaction, api: ApiVersion, seconds: int) -> Json:
    """Return a BalanceTransaction as it stands at a time; it names no payout."""
    shape: Json = {
        "id": line.id,
        "object": "balance_transaction",
        "amount": line.amount,
        "available_on": line.available_on,
        "created": line.created,
        "currency": line.currency,
        "description": line.description,
        "exchange_rate": line.exchange_rate,
        "fee": line.fee,
        "fee_details": [
            {
                "amount": part.amount,
                "application": part.application,
                "currency": line.currency,
                "description": part.description,
                "type": part.type,
            }
            for part in line.fee_parts
        ],
        "net": line.net,
        "reporting_category": line.category,
        "source": line.source,
        "status": line.status(seconds),
        "type": line.type,
    }
    if api.balance_type:
        shape["balance_type"] = "payments"
    return shape
