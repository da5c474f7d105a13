"""The facts of transfers, top-ups, application fees and balance transactions."""

from __future__ import annotations

from api.simulator.facts.parts import Facts, same
from api.simulator.versions import ApiVersion
from api.simulator.world import ApplicationFee, BalanceTransaction, FeeRefund, Topup, Transfer


def transfer(transfer: Transfer) -> Facts:
    """Return the facts of a transfer, with its reversals."""
    return {
        **same(
            transfer,
            "created amount amount_reversed currency destination destination_payment "
            "source_transaction source_type balance_transaction transfer_group description",
        ),
        "reversed": transfer.amount_reversed == transfer.amount,
        "reversals": [
            {
                "id": each.id,
                "amount": each.amount,
                "currency": transfer.currency,
                "created": each.created,
                "balance_transaction": each.balance_transaction,
                "destination_payment_refund": each.destination_payment_refund,
                "source_refund": each.source_refund,
            }
            for each in sorted(transfer.reversals, key=lambda each: (each.created, each.id))
        ],
        "metadata": dict(transfer.metadata),
    }


def topup(topup: Topup) -> Facts:
    """Return the facts of a top-up."""
    return {
        **same(
            topup,
            "created status amount currency expected_availability_date balance_transaction "
            "source statement_descriptor transfer_group description",
        ),
        "failure_code": topup.failure.code if topup.failure else None,
        "failure_message": topup.failure.message if topup.failure else None,
        "metadata": dict(topup.metadata),
    }


def application_fee(fee: ApplicationFee, api: ApiVersion) -> Facts:
    """Return the facts of an application fee; its refunds tell theirs."""
    fields: Facts = {
        **same(
            fee,
            "created amount amount_refunded currency charge application "
            "originating_transaction balance_transaction",
        ),
        "connected_account": fee.account,
        "refunded": fee.amount_refunded == fee.amount,
    }
    if api.fee_source:
        fields["fee_source"] = "charge" if fee.payout is None else "payout"
        fields["payout"] = fee.payout
    return fields


def fee_refund(refund: FeeRefund) -> Facts:
    """Return the facts of a fee's refund."""
    return {
        **same(refund, "created amount currency fee balance_transaction"),
        "metadata": dict(refund.metadata),
    }


def balance_transaction(line: BalanceTransaction, api: ApiVersion, seconds: int) -> Facts:
    """Return the facts of a balance transaction at a time."""
    rate = line.exchange_rate
    fields: Facts = {
        **same(line, "created amount fee net currency type source available_on description"),
        "status": line.status(seconds),
        "reporting_category": line.category,
        "exchange_rate": None if rate is None else f"{rate:.10f}".rstrip("0"),
        "fee_details": [
            {
                "type": part.type,
                "amount": part.amount,
                "currency": line.currency,
                "description": part.description,
                "application": part.application,
            }
            for part in line.fee_parts
        ],
    }
    if api.balance_type:
        fields["balance_type"] = "payments"
    return fields
