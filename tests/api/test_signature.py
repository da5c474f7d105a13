"""The signature header: every malformed or wrong one is the same 400, and writes nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from api.ingest.signature import NotVerified, parse, verify
from tests.api.client import ApiClient, problem
from tests.api.deliveries import NEW_SECRET, NOW, OLD_SECRET, body_of, event, header, mac

Forge = Callable[[bytes], str]

REFUSED: dict[str, Forge] = {
    "empty": lambda body: "",
    "hello": lambda body: "hello",
    "no t": lambda body: f"v1={mac(body)}",
    "no v1": lambda body: f"t={NOW}",
    "only v0": lambda body: f"t={NOW},v0={mac(body)}",
    "two t": lambda body: f"t={NOW},t={NOW},v1={mac(body)}",
    "underscore in t": lambda body: f"t=1_0,v1={mac(body, t='1_0')}",
    "negative t": lambda body: f"t=-5,v1={mac(body, t='-5')}",
    "4000-digit t": lambda body: f"t={'1' * 4000},v1={mac(body, t='1' * 4000)}",
    "13-digit t": lambda body: f"t={'1' * 13},v1={mac(body, t='1' * 13)}",
    "leading zero in t": lambda body: f"t=0{NOW},v1={mac(body, t=f'0{NOW}')}",
    "Arabic-digit t": lambda body: f"t=١٢٣,v1={mac(body)}",
    "non-ASCII v1": lambda body: f"t={NOW},v1={'é' * 64}",
    "upper-case hex": lambda body: f"t={NOW},v1={mac(body).upper()}",
    "truncated hex": lambda body: f"t={NOW},v1={mac(body)[:63]}",
    "17 v1": lambda body: f"t={NOW}" + f",v1={mac(body)}" * 17,
    "5 KB": lambda body: f"{header(body)},v0={'0' * 5000}",
    "wrong secret": lambda body: header(body, secret="whsec_wrong_0123456789"),
    "empty key": lambda body: header(body, secret=""),
    "301 s old": lambda body: header(body, t=NOW - 301),
    "301 s ahead": lambda body: header(body, t=NOW + 301),
    "body plus one byte": lambda body: header(body + b" "),
    "t altered": lambda body: f"t={NOW + 1},v1={mac(body)}",
    "re-serialised body": lambda body: header(body.replace(b": ", b":")),
    "two headers": lambda body: f"{header(body)},{header(body)}",
    "two headers, joined with a space": lambda body: f"{header(body)}, {header(body)}",
}

ACCEPTED: dict[str, Forge] = {
    "previous secret": lambda body: header(body, secret=OLD_SECRET.value),
    "two v1 and a v0": lambda body: (
        f"{header(body, secret=OLD_SECRET.value)},v1={mac(body)},v0={'0' * 64}"
    ),
    "290 s old": lambda body: header(body, t=NOW - 290),
    "290 s ahead": lambda body: header(body, t=NOW + 290),
    "16 v1, the last is valid": lambda body: (
        f"t={NOW}" + f",v1={'0' * 64}" * 15 + f",v1={mac(body)}"
    ),
}


@pytest.mark.parametrize("forge", REFUSED.values(), ids=REFUSED)
def test_forged(shared: ApiClient, forge: Forge) -> None:
    """A header that does not verify is a 400 that gives no reason, and nothing is written."""
    before, body = shared.position, body_of(event())

    response = shared.deliver(body, forge(body))

    assert problem(response, 400)["title"] == "The delivery could not be verified"
    assert shared.position == before


def test_no_header(shared: ApiClient) -> None:
    """Without the header, the response is the same 400."""
    before = shared.position

    response = shared.http.post("/webhooks/stripe", json=event())

    assert problem(response, 400)["title"] == "The delivery could not be verified"
    assert shared.position == before


@pytest.mark.parametrize("sign", ACCEPTED.values(), ids=ACCEPTED)
def test_verified(shared: ApiClient, sign: Forge) -> None:
    """Any configured secret and any of the signatures will do, within the time window."""
    before, body = shared.position, body_of(event())

    response = shared.deliver(body, sign(body))

    assert response.get_json()["status"] == "stored"
    assert shared.position == before + 1


@given(
    t=st.integers(NOW - 400, NOW + 400),
    late=st.floats(0, 0.999),
    shape=st.sampled_from(
        ["t={t},v1={v1}", "v1={v1},t={t}", "t={t},v1={v1},v1={v1}", "t=0{t},v1={v1}"]
    ),
    secret=st.sampled_from([NEW_SECRET.value, OLD_SECRET.value, "whsec_of_somebody_else"]),
    text=st.text(max_size=20),
)
def test_stripe_agrees(t: int, late: float, shape: str, secret: str, text: str) -> None:
    """What we accept, Stripe's own library accepts too."""
    body = text.encode("utf-8", "replace")
    sent = shape.format(t=t, v1=mac(body, t=t, secret=secret))
    try:
        name = verify(
            parse(sent),
            body,
            [NEW_SECRET, OLD_SECRET],
            current_seconds=NOW + late,
            tolerance_seconds=300,
        )
    except NotVerified:
        return

    value = {"new": NEW_SECRET.value, "old": OLD_SECRET.value}[name]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("time.time", lambda: NOW + late)  # the library takes no clock
        assert stripe.WebhookSignature.verify_header(body, sent, value, 300)


_GOOD_V1 = st.sampled_from([f"v1={'0' * 64}", f"v1={'a9' * 32}"])
_GOOD_T = st.sampled_from([f"t={NOW}", "t=0", f"t={'9' * 12}"])
_OTHER = st.sampled_from([f"v0={'0' * 64}", "v0=", "x_1=anything(but)blanks"])
_BAD = st.one_of(
    st.sampled_from(["", "t", "t=", "v1=", " t=1", "t=1 ", "t=01", f"t={'9' * 13}", "t=-1"]),
    st.sampled_from([f"v1={'0' * 63}", f"v1={'0' * 65}", f"v1={'A' * 64}", f"v1={'٠' * 64}"]),
    st.text(st.characters(codec="latin-1", exclude_characters="="), max_size=8),
)


@given(st.lists(_GOOD_T, max_size=2), st.lists(_GOOD_V1, max_size=17), st.data())
def test_any_header(times: list[str], signatures: list[str], data: st.DataObject) -> None:
    """One time and 1 to 16 signatures are accepted, in any order, beside other schemes."""
    others = data.draw(st.lists(_OTHER, max_size=2))
    bad = data.draw(st.lists(_BAD, max_size=1))
    sent = ",".join(data.draw(st.permutations([*times, *signatures, *others, *bad])))
    try:
        signature = parse(sent)
    except NotVerified:
        assert bad or len(times) != 1 or not 1 <= len(signatures) <= 16
        return

    assert (len(times), len(signatures), bad) == (1, len(signature.v1), [])
    assert f"t={signature.timestamp}" == times[0]
    assert sorted(f"v1={v1}" for v1 in signature.v1) == sorted(signatures)
