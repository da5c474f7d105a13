"""Reading JSON strictly: the fast way and the slow way agree."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import strict_json

_LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
_VALUES = st.recursive(
    _LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=2), inner)
)
_ODD = [
    b'{"a":1,"a":1}',
    b'{"a":1,"\\u0061":2}',
    b'{"b":[{"a":{"a":1,"a":1}}]}',
    b"[18446744073709551616]",
    b"[99999999999999999999]",
    b"[-99999999999999999999]",
    b"[100000000000000000000]",
    b"[-100000000000000000000]",
    b'["100000000000000000000"]',
    b"[1e400]",
    b"[1E2, 1.0, 0.1e1, -0, -0.0, 1e-400]",
    b"[0.30000000000000004, 1.7976931348623157e308, 123456789012345678.5]",
    b"[NaN]",
    b"[-Infinity]",
    b"[01]",
    b"[1,]",
    b"[1] [2]",
    b"\x0b[1]",
    b"\xef\xbb\xbf[]",
    b'["\xed\xa0\x80"]',
    b'["\\ud800", "\\ud83d\\ude00", "\\/", "\\u003c"]',
    b'["\\u0000\x7f"]',
    b'["\x00"]',
    b"[" * 64 + b"]" * 64,
    b"[" * 65 + b"]" * 65,
    b"[" * 100_000,
    b'{"a":' * 2000 + b"1" + b"}" * 2000,
    '["\u2028é\U0001f600"]'.encode(),
    b"",
    b"null",
]


def _read(body: bytes) -> str:
    """The value of a body, or the error by which it is refused."""
    try:
        return repr(strict_json.strict_loads(body))
    except (strict_json.DuplicateKey, strict_json.TooDeep, strict_json.BadNumber) as refused:
        return type(refused).__name__
    except ValueError:
        return "no JSON"


def _read_slowly(body: bytes) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(strict_json, "_read_fast", lambda _: None)
        return _read(body)


@pytest.fixture
def uncollected() -> Iterator[None]:
    """No finaliser of another test's garbage runs at the bottom of a deep body."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("uncollected")
@pytest.mark.parametrize("body", _ODD, ids=lambda body: repr(body[:24]))
def test_both_ways_agree_on_odd_bodies(body: bytes) -> None:
    """Whichever way a body is read, its value is the same, or the error is."""
    assert _read(body) == _read_slowly(body)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"[" * 64 + b"]" * 64, None),
        (b"[" * 65 + b"]" * 65, "TooDeep"),
        (b'{"a":' * 64 + b"1" + b"}" * 64, None),
        (b'{"a":' * 65 + b"1" + b"}" * 65, "TooDeep"),
        (b"[" + b"9" * 20 + b"]", None),
        (b"[" + b"9" * 21 + b"]", "BadNumber"),
        (b"[-" + b"9" * 20 + b"]", None),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_the_limits_of_depth_and_digits(body: bytes, error: str | None) -> None:
    """64 levels and 20 digits are read, one more is refused."""
    assert _read(body) == (error or repr(json.loads(body)))


@given(_VALUES, st.sampled_from([None, 2]), st.booleans())
def test_both_ways_agree(value: object, indent: int | None, ascii_only: bool) -> None:
    """The two ways agree on any value, however it is written."""
    body = json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode(errors="surrogatepass")

    assert _read(body) == _read_slowly(body)


@given(st.lists(st.sampled_from([*b'{}[]":,\\u0123ae.- \n\xc3\xa9']), max_size=24).map(bytes))
def test_both_ways_agree_on_garbage(body: bytes) -> None:
    """The two ways agree on bytes that are mostly no JSON."""
    assert _read(body) == _read_slowly(body)
