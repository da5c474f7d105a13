"""Which lists there are: those that Stripe's own library knows, with what they are asked for."""

from __future__ import annotations

from importlib import import_module

import pytest
import stripe.params
from stripe._object_classes import OBJECT_CLASSES

from api.stripe.client import StripeApi
from api.stripe.limiter import Rates
from api.stripe.objects import ObjectList, fetch, lists, names
from api.stripe.observed import SECONDS, observed_at
from api.stripe.refusals import NoSuchObject
from projections import KINDS
from tests.stripe.conftest import TEST_KEY, Service

# Events tell of them, and no list or address of their own does.
UNLISTED = {"application", "capability", "discount", "fee_refund"}


@pytest.mark.parametrize("listed", lists(), ids=lambda listed: listed.name)
def test_the_library_knows_each_list(listed: ObjectList) -> None:
    """By the path that is derived from the name, with `created` and all that is asked for."""
    module, name = OBJECT_CLASSES[listed.declared.name]
    resource = getattr(import_module(module), name)
    assert resource.class_url() == listed.declared.api_path
    assert hasattr(resource, "list") and hasattr(resource, "retrieve")
    folder = module.removeprefix("stripe").rpartition(".")[0]
    params = getattr(import_module(f"stripe.params{folder}"), f"{name}ListParams")
    assert {"created", "limit", "starting_after", *listed.query} <= params.__annotations__.keys()


def test_every_object_is_listed_or_said_not_to_be() -> None:
    """Of every kind at least one object is listed, but for discounts."""
    unlisted = {name for name, declared in names().items() if declared.listing is None}
    assert unlisted <= UNLISTED
    assert [kind for kind in KINDS if not lists([kind])] == ["discounts"]
    assert {each.declared.name for each in lists()} == names().keys() - unlisted


def test_an_answer_is_as_of_when_it_was_asked_for() -> None:
    """By Stripe's clock, less the time that it took, rounded down."""
    headers = {"Date": "Thu, 01 Jan 2026 00:00:10 GMT"}
    assert observed_at({**headers, SECONDS: "0"}) == 1_767_225_610
    assert observed_at({**headers, SECONDS: "0.01"}) == 1_767_225_609
    assert observed_at({**headers, SECONDS: "3"}) == 1_767_225_607


def test_our_own_stripe_answers_by_its_clock(service: Service) -> None:
    """What it answers is told untouched, with the version, and a second that is never ahead."""
    api = StripeApi(TEST_KEY.secret, service.base, Rates(500, 500))
    for listed in lists():
        for snapshot in listed.page(api, None, {}, limit=3).snapshots:
            assert service.clock() - 2 <= snapshot.observed_at <= service.clock()
            assert snapshot.api_version == stripe.api_version
            assert (b"acct_" in snapshot.object) >= (snapshot.account is not None)
    charges = names()["charge"]
    with pytest.raises(NoSuchObject, match="No such charge"):
        fetch(api, charges, "ch_missing", None)
