"""Strict JSON: refuses what two programs could read differently."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

import msgspec

__all__ = ["BadNumber", "DuplicateKey", "TooDeep", "strict_loads"]

DEPTH_MAX = 64
INTEGER_DIGITS_MAX = 20


class DuplicateKey(ValueError):
    """An object has a key twice: readers differ on which value counts."""


class TooDeep(ValueError):
    """Nested more deeply than any Stripe object."""


class BadNumber(ValueError):
    """NaN, an infinity, or an integer of more digits than programs agree on."""


def strict_loads(body: bytes) -> Any:
    """The one JSON document in ``body``, UTF-8 without a byte order mark.

    Raises ``DuplicateKey``, ``TooDeep``, ``BadNumber``, or another ``ValueError`` where it is no
    JSON at all.
    """
    value = _read_fast(body)
    if value is None:
        try:
            value = _decoder.decode(body.decode("utf-8"))
        except RecursionError:
            raise TooDeep from None
    # Brackets in strings count too: they only cause a check that was not needed.
    if body.count(b"{") + body.count(b"[") > DEPTH_MAX:
        _check_depth(value)
    return value


def _read_fast(body: bytes) -> Any:
    """The document of most bodies, in less time; None where the slow way has to decide.

    The value is written again. If that gives the body, blanks aside, then reading lost nothing:
    no key was there twice and no number was rounded.
    """
    try:
        value = msgspec.json.decode(body)
        if _write(value) != msgspec.json.format(body, indent=-1) or _may_be_long(body):
            return None
    except (ValueError, RecursionError):
        return None
    return value


_write = msgspec.json.Encoder().encode

_ALL_DIGITS_ALIKE = bytes.maketrans(b"123456789", b"0" * 9)
_LONG_NUMBER = b"0" * (INTEGER_DIGITS_MAX + 1)


def _may_be_long(body: bytes) -> bool:
    # Digits in a string count too: they only cause a check that was not needed.
    return _LONG_NUMBER in body.translate(_ALL_DIGITS_ALIKE)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise DuplicateKey
    return value


def _integer(digits: str) -> int:
    if len(digits.lstrip("-")) > INTEGER_DIGITS_MAX:
        raise BadNumber
    return int(digits)


def _float(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise BadNumber
    return value


def _constant(name: str) -> NoReturn:
    raise BadNumber(name)


_decoder = json.JSONDecoder(
    object_pairs_hook=_unique,
    parse_int=_integer,
    parse_float=_float,
    parse_constant=_constant,
)


def _check_depth(value: Any) -> None:
    level, depth = _children([value]), 0
    while level:
        depth += 1
        if depth > DEPTH_MAX:
            raise TooDeep
        level = [child for node in level for child in _children(node)]


def _children(node: Any) -> list[Any]:
    if isinstance(node, dict):
        return [child for child in node.values() if isinstance(child, dict | list)]
    if isinstance(node, list):
        return [child for child in node if isinstance(child, dict | list)]
    return []
