"""Where the newest version has what we read: Stripe's SDK has the same place."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from projections import KINDS
from projections.objects.declaration import Read, StripeObject
from tests.projections.sdk import Place, has_path, resource

OBJECTS = {name: declared for kind in KINDS.values() for name, declared in kind.objects.items()}

# What only older versions have and no newer place says in the same words, with the reason.
NOT_IN_THE_SDK = {
    ("balance_transaction", "metadata"): "it has none; programs of others wrote an empty text",
    ("balance_transaction", "payout"): "only the list by payout tells, and the record of it",
    ("charge", "invoice"): "until 2025-03-31; since then invoice payments link the two",
    ("invoice", "charge"): "until 2025-03-31; since then invoice payments link the two",
    ("invoice", "paid_out_of_band"): "until 2025-03-31; since then nothing tells it outright",
    ("invoice", "payment_intent"): "until 2025-03-31; since then invoice payments link the two",
    ("payment_intent", "charges.data"): "until 2022-11-15 charges came inside, whole",
    ("payment_intent", "invoice"): "until 2025-03-31; since then an order reference may name it",
    ("subscription", "current_period_end"): "until 2025-03-31; since then each item has its own",
    ("subscription", "current_period_start"): "until 2025-03-31; since then each item has its own",
    ("transfer", "status"): "until 2017-04-06, when payouts were transfers",
    ("transfer", "type"): "until 2017-04-06, when payouts were transfers",
}


def read_paths(reads: tuple[Read, ...], before: str = "") -> Iterator[str]:
    """The newest path of each read, and of the items of lists."""
    for read in reads:
        yield before + read.paths[0]
        if read.items is not None:
            yield from read_paths(read.items, f"{before}{read.paths[0]}.*.")


def newest_paths(declared: StripeObject) -> Iterator[str]:
    """Every newest path of an object's declaration."""
    # `created` and `metadata` are read of every object, whether or not it has them.
    yield from read_paths(declared.reads)
    yield from (link.paths[0] for link in declared.links if not link.envelope)
    yield from (embed.path for embed in declared.embeds)
    for merged_list in declared.merged_lists.values():
        yield merged_list.path
        yield from read_paths(merged_list.reads, f"{merged_list.path}.*.")
    yield from (
        key for each in (*declared.progress, *declared.tie_breakers) for key, _ in each.keys
    )


@pytest.mark.parametrize("name", OBJECTS)
def test_the_sdk_has_every_newest_path(name: str) -> None:
    """What Stripe took away or renamed is named here, when the SDK is updated."""
    place = resource(name)
    assert place is not None, "the SDK has no such object"

    gone = {path for path in newest_paths(OBJECTS[name]) if not has_path(place, path)}

    assert gone == {path for object, path in NOT_IN_THE_SDK if object == name}


@pytest.mark.parametrize(
    ("path", "exists"),
    [
        ("amount", True),
        ("amout", False),
        ("payment_method_details.card.brand", True),
        ("payment_method_details.card.colour", False),
        ("payment_intent.latest_charge", True),
        ("refunds.data.0.charge", True),
        ("refunds.0", False),
        ("amount.x", False),
        ("metadata.anything", True),
    ],
)
def test_a_path_is_looked_for_in_every_shape(path: str, exists: bool) -> None:
    """Through ids that may be expanded, lists and objects of free keys; and no further."""
    charge = resource("charge")
    assert isinstance(charge, Place)

    assert bool(has_path(charge, path)) is exists
