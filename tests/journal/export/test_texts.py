"""Names, numbers and cells: what is different stays different, and nothing is taken for more."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.journal import accounts
from projections.journal.exponents import decimal_text
from projections.journal.export.cells import csv_row, text_cell
from projections.journal.export.names import commodity, program_account

_TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
_NEAR_IDS = st.text(st.sampled_from("aAbB01_-:é"), max_size=6)
_NAMES = st.one_of(
    st.sampled_from(list(accounts.TYPES)),
    st.one_of(_TEXTS, _NEAR_IDS).map(accounts.bank),
    st.one_of(_TEXTS, _NEAR_IDS).map(accounts.connect),
)
_CODES = st.one_of(_TEXTS, st.text(st.sampled_from("abxX-0123456789"), max_size=6))


@given(st.lists(_NAMES, unique=True))
def test_different_accounts_have_different_names(names: list[str]) -> None:
    """And each name is one that beancount's grammar takes."""
    written = [program_account(name) for name in names]

    assert len(set(written)) == len(names)
    assert all(
        re.fullmatch(r"(Assets|Liabilities|Income|Expenses|Equity)(:[A-Z0-9][A-Za-z0-9-]*)+", name)
        for name in written
    )


@given(st.lists(_CODES.filter(bool), unique=True))
def test_different_currencies_have_different_names(currencies: list[str]) -> None:
    """And each is in capitals, as the programs want it."""
    written = [commodity(currency) for currency in currencies]

    assert len(set(written)) == len(currencies)
    assert all(re.fullmatch(r"[A-Z][A-Z0-9-]*[A-Z0-9]", name) for name in written)


def test_a_currency_that_is_no_code_is_not_taken_for_one() -> None:
    """The digits of `l-` are a code themselves."""
    assert [commodity(code) for code in ("eur", "l-", "x6c2d")] == ["EUR", "X-6C2D", "X6C2D"]


def test_an_id_of_stripe_stays_readable() -> None:
    """`ba_1Nx` is refused by beancount, `Ba-1Nx` is not."""
    assert program_account(accounts.bank("ba_1Nx")) == "Assets:Bank:Ba-1Nx"
    assert program_account(accounts.connect("acct_2")) == "Liabilities:Connect:Acct-2"
    assert program_account(accounts.bank("Ba_1Nx")) == "Assets:Bank:042615f314e78"


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (123450, "eur", "1234.50"),
        (-5, "usd", "-0.05"),
        (0, "eur", "0.00"),
        (5000, "jpy", "5000"),
        (-1234, "kwd", "-1.234"),
        (500, "isk", "5.00"),
        (500, "ugx", "5.00"),
        (10**30, "eur", "1" + "0" * 28 + ".00"),
    ],
)
def test_an_amount_has_its_currencys_decimals(amount: int, currency: str, text: str) -> None:
    """ISK and UGX have two on the wire; a sum may be of any size."""
    assert decimal_text(amount, currency) == text


@given(st.integers(), st.sampled_from(["eur", "jpy", "kwd", "isk"]))
def test_an_amount_can_be_read_back(amount: int, currency: str) -> None:
    """The digits of the decimal number are those of the minor unit."""
    assert int(decimal_text(amount, currency).replace(".", "")) == amount


@given(st.lists(_TEXTS, min_size=1))
def test_no_cell_is_a_formula_and_each_can_be_read_back(texts: list[str]) -> None:
    """A cell that would begin with =, +, -, @ or the like begins with an apostrophe."""
    text = csv_row(text_cell(each) for each in texts)
    cells = next(csv.reader(io.StringIO(text, newline="")))

    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))]
    assert [cell.removeprefix("'") if cell[:1] == "'" else cell for cell in cells] == texts


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'=1"])
def test_each_beginning_of_a_formula_is_prefixed(text: str) -> None:
    """As spreadsheets would run them."""
    assert text_cell(text) == f"'{text}"
