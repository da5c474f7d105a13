"""Money objects that make no sense together: what a journal has to balance all the same."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.journal.money import Told, record
from tests.projections.histories import Json

_AMOUNTS = st.one_of(st.none(), st.integers(-3, 12))
_CURRENCIES = st.sampled_from(["usd", "usd", "eur", "EUR", "jpy", None])
_SECONDS = st.integers(10, 14)
_NUMBERS = st.sampled_from("12")


def _object(name: str, prefix: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    keys = {
        "id": _NUMBERS.map(lambda number: f"{prefix}_{number}"),
        "object": st.just(name),
        "created": st.one_of(st.none(), st.integers(5, 12)),
        "amount": _AMOUNTS,
        "currency": _CURRENCIES,
    }
    return st.fixed_dictionaries(keys, optional=fields)


def _id(*prefixes: str) -> st.SearchStrategy[str | None]:
    ids = [f"{prefix}_{number}" for prefix in prefixes for number in "12"]
    return st.sampled_from([*ids, None])


_TRANSACTION = _object(
    "balance_transaction", "txn",
    net=_AMOUNTS, fee=_AMOUNTS,
    type=st.sampled_from(["charge", "adjustment", "refund", "stripe_fee", "what"]),
    reporting_category=st.sampled_from(
        ["charge", "charge_failure", "refund", "refund_failure", "partial_capture_reversal",
         "dispute", "dispute_reversal", "payout", "transfer", "fee", "tax", "reserve_hold",
         "platform_earning", "topup", "never heard of", None]
    ),
    source=st.one_of(
        _id("ch", "re", "dp", "po", "tr", "trr", "fee", "fr", "tu", "issuing"),
        st.fixed_dictionaries({"id": _id("trr", "fr", "re", "ch"), "amount": _AMOUNTS,
                               "currency": _CURRENCIES, "charge": _id("ch"),
                               "transfer": _id("tr"), "fee": _id("fee")}),
    ),
    fee_details=st.lists(
        st.fixed_dictionaries({
            "type": st.sampled_from(["stripe_fee", "application_fee", "tax", "other", None]),
            "amount": _AMOUNTS, "currency": _CURRENCIES,
        }),
        max_size=2,
    ),
    balance_type=st.sampled_from(["payments", "issuing", "new", None]),
)  # fmt: skip

_REFUND = _object(
    "refund", "re", charge=_id("ch"), payment_intent=_id("pi"),
    status=st.sampled_from(["pending", "succeeded", "failed", "canceled", None, "new"]),
)  # fmt: skip

_CHARGE = _object(
    "charge", "ch", payment_intent=_id("pi"), captured=st.booleans(), amount_captured=_AMOUNTS,
    amount_refunded=_AMOUNTS, status=st.sampled_from(["pending", "succeeded", "failed", None]),
    transfer_data=st.one_of(
        st.none(),
        st.fixed_dictionaries({"destination": _id("acct"), "amount": _AMOUNTS}),
    ),
    refunds=st.fixed_dictionaries({"data": st.lists(_REFUND, max_size=2)}),
)  # fmt: skip

_OBJECTS = st.one_of(
    _TRANSACTION,
    _REFUND,
    _CHARGE,
    _object("payment_intent", "pi", amount_received=_AMOUNTS, latest_charge=_id("ch"),
            status=st.sampled_from(["processing", "succeeded", "canceled"])),
    _object("dispute", "dp", charge=_id("ch"),
            status=st.sampled_from(["needs_response", "won", "lost", "charge_refunded"]),
            balance_transactions=st.lists(_TRANSACTION, max_size=2)),
    _object("payout", "po", destination=_id("ba"),
            status=st.sampled_from(["pending", "in_transit", "paid", "failed", "canceled"])),
    _object("transfer", "tr", amount_reversed=_AMOUNTS, destination=_id("acct", "ba"),
            type=st.sampled_from(["bank_account", "stripe_account", None]),
            status=st.sampled_from(["paid", "pending", None]),
            reversals=st.fixed_dictionaries({"data": st.lists(
                _object("transfer_reversal", "trr", transfer=_id("tr")), max_size=2)})),
    _object("application_fee", "fee", amount_refunded=_AMOUNTS),
    _object("fee_refund", "fr", fee=_id("fee")),
    _object("topup", "tu", source=_id("ba"),
            status=st.sampled_from(["pending", "succeeded", "reversed", "failed"])),
)  # fmt: skip


@st.composite
def logs(draw: st.DrawFn, most: int = 12) -> list[Told]:
    """Events and records of few objects in few seconds, in any order."""
    log: list[Told] = []
    for number, object in enumerate(draw(st.lists(_OBJECTS, min_size=1, max_size=most))):
        second = draw(_SECONDS)
        if draw(st.integers(0, 3)) == 0:
            log.append(record(object, second, draw(st.sampled_from([None, "acct_9"]))))
            continue
        previous = {"status": draw(st.sampled_from(["pending", "paid", "lost", "succeeded"]))}
        verb = draw(st.sampled_from(["created", "updated", "captured", "failed"]))
        data: Json = {"object": object}
        log.append(
            {
                "id": f"evt_{draw(st.integers(0, 9))}_{number}",
                "object": "event",
                "type": f"{object['object']}.{verb}",
                "created": second,
                "livemode": draw(st.booleans()),
                "api_version": draw(st.sampled_from(["2020-08-27", "2026-10-28.endive"])),
                "data": {**data, "previous_attributes": previous} if draw(st.booleans()) else data,
            }
        )
    return log
