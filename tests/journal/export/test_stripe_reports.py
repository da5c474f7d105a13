"""Stripe's own columns, as rules for its reports read them."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from projections.journal import accounts
from projections.journal.entry import Entry, Line, Posting
from projections.journal.export.stripe_reports import activity, payouts
from tests.journal.export.entries import BOOK, STATEMENT, joined

HLEDGER = shutil.which("hledger")
JAN_31 = 1_769_817_600  # 2026-01-31
# Fields of the report by its position, as hledger's users have them.
RULES = """
skip 1
fields id, created, available, cur, gross, fee, net, category, text
date %created
date-format %Y-%m-%d %H:%M:%S
code %id
currency %cur
account1 assets:stripe
amount1 %net
account2 expenses:stripe
amount2 %fee
account3 other:%category
amount3 -%gross
"""


def movement(
    id_: str, category: str, *lines: tuple[str, str, int], currency: str = "eur", later: int = 0
) -> Entry:
    """The entry of a balance transaction: accounts, objects and amounts of one currency."""
    posting = Posting(
        BOOK, JAN_31 + later, id_, "balance_transaction", f"evt_{id_}", category, "payments",
        tuple(Line(account, object_id, amount, currency) for account, object_id, amount in lines),
    )  # fmt: skip
    return Entry.of(posting, 1)


CHARGE = movement(
    "txn_1", "charge", ("Stripe:Balance", "ch_1", 970), ("Stripe:Processing", "ch_1", 30),
    ("Clearing:Charge", "ch_1", -1_000),
)  # fmt: skip
REFUND = movement(
    "txn_2", "refund", ("Stripe:Balance", "re_1", -400), ("Clearing:Refund", "re_1", 400), later=1
)
DISPUTE = movement(
    "txn_3", "dispute", ("Stripe:Balance", "dp_1", -2_500), ("Stripe:Dispute", "dp_1", 1_500),
    ("Stripe:Disputed", "dp_1", 1_000), later=2,
)  # fmt: skip
FEE = movement(
    "txn_4", "fee", ("Stripe:Balance", "txn_4", -200), ("Stripe:Services", "txn_4", 200), later=3
)
PAYOUT = movement(
    "txn_5", "payout", ("Stripe:Balance", "po_1", -500), ("Clearing:Payout", "po_1", 500), later=4
)
YEN = movement(
    "txn_6", "charge", ("Stripe:Balance", "ch_2", 5_000), ("Clearing:Charge", "ch_2", -5_000),
    currency="jpy", later=5,
)  # fmt: skip
ALL = [CHARGE, REFUND, DISPUTE, FEE, PAYOUT, YEN]


def rows(parts: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(joined(parts)[""], newline="")))


def test_each_movement_is_a_row_of_what_changed_the_balance() -> None:
    """Gross, fee and net by hand: a fee that moves alone is gross; a payout is elsewhere."""
    columns = ("balance_transaction_id", "currency", "gross", "fee", "net", "reporting_category",
               "source_id", "charge_id")  # fmt: skip

    assert [tuple(row[name] for name in columns) for row in rows(activity(STATEMENT, ALL))] == [
        ("txn_1", "eur", "10.00", "0.30", "9.70", "charge", "ch_1", "ch_1"),
        ("txn_2", "eur", "-4.00", "0.00", "-4.00", "refund", "re_1", ""),
        ("txn_3", "eur", "-10.00", "15.00", "-25.00", "dispute", "dp_1", ""),
        ("txn_4", "eur", "-2.00", "0.00", "-2.00", "fee", "", ""),
        ("txn_6", "jpy", "5000", "0", "5000", "charge", "ch_2", "ch_2"),
    ]


def test_a_payout_is_a_row_of_what_went_to_the_bank() -> None:
    """Positive where money went there; what the journal does not hold comes from its row."""
    facts = {"status": "paid", "arrival_date": JAN_31, "destination": "ba_1", "type": "=card"}

    def describe(object_: str, id_: str) -> dict[str, Any]:
        return facts if (object_, id_) == ("payout", "po_1") else {}

    (row,) = rows(payouts(STATEMENT, ALL, describe))

    assert {name: text for name, text in row.items() if text} == {
        "payout_id": "po_1",
        "effective_at_utc": "2026-01-31 00:00:04",
        "effective_at": "2026-01-31 00:00:04",
        "currency": "eur",
        "gross": "5.00",
        "fee": "0.00",
        "net": "5.00",
        "reporting_category": "payout",
        "balance_transaction_id": "txn_5",
        "payout_expected_arrival_date": "2026-01-31 00:00:00",
        "payout_status": "paid",
        "payout_destination_id": "ba_1",
        "payout_type": "'=card",
    }


def test_several_entries_of_a_transaction_are_one_row() -> None:
    """Where its source became known later: what it cleared first is taken back."""
    correction = movement(
        "txn_1", "charge", ("Clearing:Charge", "ch_1", 1_000), ("Clearing:Charge", "ch_9", -1_000)
    )

    (row,) = rows(activity(STATEMENT, [CHARGE, correction]))

    assert (row["gross"], row["fee"], row["net"], row["charge_id"]) == (
        "10.00", "0.30", "9.70", "ch_9",
    )  # fmt: skip


def test_what_the_fee_takes_whole_is_a_row_of_no_net() -> None:
    """It moves the balance by nothing, and still is a balance transaction."""
    entry = movement(
        "txn_1", "charge", ("Stripe:Processing", "ch_1", 30), ("Clearing:Charge", "ch_1", -30)
    )

    (row,) = rows(activity(STATEMENT, [entry]))

    assert (row["gross"], row["fee"], row["net"], row["source_id"]) == (
        "0.30", "0.30", "0.00", "ch_1",
    )  # fmt: skip


def test_a_settlement_in_another_currency_has_its_amounts_in_the_balances() -> None:
    """The charge was in dollars; gross, fee and net are euros, and still the charge is named."""
    lines = (
        Line(accounts.BALANCE, "ch_1", 900, "eur"), Line(accounts.PROCESSING, "ch_1", 20, "eur"),
        Line(accounts.CONVERSION, "txn_1", -920, "eur"),
        Line(accounts.CONVERSION, "txn_1", 1_000, "usd"),
        Line(accounts.CLEARING_CHARGE, "ch_1", -1_000, "usd"),
    )  # fmt: skip
    posting = Posting(BOOK, JAN_31, "txn_1", "balance_transaction", "evt_1", "charge", None, lines)

    (row,) = rows(activity(STATEMENT, [Entry.of(posting, 1)]))

    assert (row["currency"], row["gross"], row["fee"], row["net"], row["charge_id"]) == (
        "eur", "9.20", "0.20", "9.00", "ch_1",
    )  # fmt: skip


@pytest.mark.skipif(HLEDGER is None, reason="there is no hledger")
def test_hledger_reads_the_report_by_rules_for_stripes(tmp_path: Path) -> None:
    """The columns stand where Stripe's do, and gross − fee = net in every row."""
    (tmp_path / "stripe.csv").write_text(joined(activity(STATEMENT, ALL))[""], "utf-8")
    (tmp_path / "stripe.csv.rules").write_text(RULES, "utf-8")

    result = subprocess.run(
        [str(HLEDGER), "-f", str(tmp_path / "stripe.csv"), "balance", "assets", "--format",
         "%(total)", "--no-total"],
        capture_output=True, encoding="utf-8", check=True,
    )  # fmt: skip

    assert result.stdout.split() == ["eur-21.30", "jpy5000"]
