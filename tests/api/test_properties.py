"""Any body with any header: never a 5xx, and no row without a valid signature."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.client import ApiClient
from tests.api.deliveries import NEW_SECRET, NOW, WEBHOOK, body_of, event, header

BODIES = st.one_of(
    st.binary(max_size=200),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=9), inner),
    ).map(lambda value: body_of(event(data={"object": value}))),
    st.dictionaries(
        st.sampled_from(["id", "type", "created", "livemode", "account", "api_version", "data"]),
        st.none() | st.integers() | st.text(max_size=300) | st.just({"object": {}}),
    ).map(lambda changes: body_of(event(**changes))),
)
HEADERS = st.one_of(
    st.text(st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=200),
    st.builds(
        "{}t={},v1={}{}".format,
        st.sampled_from(["", "v0=1,", "t=5,", " "]),
        st.integers(NOW - 400, NOW + 400),
        st.text("0123456789abcdef", min_size=60, max_size=66),
        st.sampled_from(["", ",", ",v1=", ",v1=" + "0" * 64]),
    ),
)
PATIENT = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.mark.parametrize("content_type", ["application/json"])
@PATIENT
@given(body=BODIES, sent=HEADERS)
def test_unsigned(shared: ApiClient, content_type: str, body: bytes, sent: str) -> None:
    """Without a valid MAC, the response is a 400 and nothing is written."""
    before = shared.position

    response = shared.http.post(
        WEBHOOK,
        data=body,
        content_type=content_type,
        content_length=len(body),
        headers={"Stripe-Signature": sent},
    )

    assert response.status_code == 400
    assert shared.position == before


@PATIENT
@given(body=BODIES)
def test_signed(shared: ApiClient, body: bytes) -> None:
    """With a valid MAC, the response is a 200 and the log has the exact bytes."""
    response = shared.deliver(body, header_of(body))

    assert response.status_code == 200
    recorded = shared.ledger.log.after(response.get_json()["position"] - 1, 1)[0]
    assert response.get_json()["status"] == "duplicate" or recorded.body == body


def header_of(body: bytes) -> str:
    """A signature over the raw bytes, whatever they are."""
    return header(body, secret=NEW_SECRET.value)
