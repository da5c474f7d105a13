"""How many decimals an amount has: Stripe's minor units as the numbers that people write."""

from __future__ import annotations

__all__ = ["decimal_text", "decimals"]

# As Stripe sends them: ISK and UGX have none in ISO 4217, but two on the wire.
_DECIMALS = {
    0: (
        "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf",
        "xof", "xpf",
    ),
    3: ("bhd", "jod", "kwd", "omr", "tnd"),
}  # fmt: skip
_PLACES = {currency: places for places, currencies in _DECIMALS.items() for currency in currencies}


def decimals(currency: str) -> int:
    """The decimals of a currency, which is named in lower case."""
    return _PLACES.get(currency, 2)


def decimal_text(amount: int, currency: str) -> str:
    """An amount of the minor unit as a decimal number: `-1234.50`, of any size."""
    places = decimals(currency)
    whole, rest = divmod(abs(amount), 10**places)
    return f"{'-' if amount < 0 else ''}{whole}" + (f".{rest:0{places}}" if places else "")
