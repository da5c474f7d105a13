"""Amounts as people write them: in the currency's own decimals, with its code."""

from __future__ import annotations

__all__ = ["money"]

# ISO 4217 where it is not two; ISK and UGX have none, but two in whatever Stripe sends.
_DECIMALS = {
    0: (
        "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf",
        "xof", "xpf",
    ),
    3: ("bhd", "jod", "kwd", "omr", "tnd"),
}  # fmt: skip
_PLACES = {currency: places for places, currencies in _DECIMALS.items() for currency in currencies}


def money(amount: int, currency: str | None) -> str:
    """`1,234.50 EUR`; without a currency only the digits, for nobody knows the decimals."""
    if currency is None:
        return f"{amount:,}"
    places = _PLACES.get(currency, 2)
    whole, rest = divmod(abs(amount), 10**places)
    decimals = f".{rest:0{places}}" if places else ""
    return f"{'-' if amount < 0 else ''}{whole:,}{decimals} {currency.upper()}"
