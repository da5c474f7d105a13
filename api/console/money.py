"""Amounts as people write them: in the currency's own decimals, with its code."""

from __future__ import annotations

from projections.journal.exponents import decimal_text

__all__ = ["money"]


def money(amount: int, currency: str | None) -> str:
    """`1,234.50 EUR`; without a currency only the digits, for nobody knows the decimals."""
    if currency is None:
        return f"{amount:,}"
    whole, point, rest = decimal_text(abs(amount), currency).partition(".")
    return f"{'-' if amount < 0 else ''}{int(whole):,}{point}{rest} {currency.upper()}"
