"""The fast reading tells what the generic reading tells, or says that it cannot."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.simulator.story import histories
from api.simulator.versions import API_VERSIONS
from ledger import RecordedEvent
from projections import KINDS
from projections.objects.attributes import attributes, decode, is_scalar
from projections.objects.compiled import CompiledReader
from projections.objects.declaration import Embed, Link, MergedList, Read, StripeObject
from projections.objects.decode import generic, once_each
from projections.objects.observation import Observation
from projections.objects.types import Type

Json = dict[str, Any]
SAMPLES = Path(__file__).parents[3] / "shared" / "stripe"

THINGS: dict[str, StripeObject] = {
    name: declared for kind in KINDS.values() for name, declared in kind.objects.items()
}
# What no declaration asks for today: circles, one place as two types, keys Python has for itself.
_ITEM = (Read("id", Type.ID, ("id",)), Read("n", Type.INTEGER, ("n", "class.n")))
_NESTED = (Read("id", Type.ID, ("id",)), Read("i", Type.LIST, ("items", "plans"), items=_ITEM))
STRANGE = {
    "charge": StripeObject(
        "charge",
        reads=(
            Read("a", Type.CODE, ("id",)), Read("b", Type.TEXT, ("status", "status.x")),
            Read("c", Type.ID, ("class", "data.0.class")), Read("d", Type.LIST, ("refunds.data",)),
            Read("e", Type.INTEGER, ("amount",), fallback=lambda snapshot: snapshot.get("n")),
            Read("f", Type.LIST, ("source.data",), items=_ITEM),
            Read("g", Type.LIST, ("billing_details.*.name",)), Read("h", Type.TIME, ("amount",)),
            Read("i", Type.LIST, ("outcome",), items=_ITEM, convert=lambda value: value or None),
            Read("j", Type.TEXT, ("object",)), Read("k", Type.OBJECT, ("outcome.x.1",)),
            Read("l", Type.LIST, ("billing_details.l", "refunds.data"), items=_ITEM,
                 fallback=lambda snapshot: snapshot.get("levels")),
            Read("m", Type.NUMBER, ("amount_refunded", "outcome.risk_score")),
            Read("n", Type.LIST, ("transfer_data.data", "source.data"), items=_NESTED),
        ),
        links=(Link("x", ("refunds.data.*.charge", "class", "metadata")), Link("y", ("amount",))),
        embeds=(Embed("refund", "refunds.data"), Embed("refund", "source.data"),
                Embed("gone", "outcome")),
        merged_lists={
            "u": MergedList("source.data", _ITEM),
            "w": MergedList("refunds.data", _ITEM),
        },
        ignored_types=frozenset({"charge.updated"}),
    ),
    "refund": StripeObject(
        "refund", embeds=(Embed("charge", "data.data"), Embed("refund", "refunds.data")),
        links=(Link("up", ("charge",), prefix="ch"), Link("account", envelope=True)),
    ),
}  # fmt: skip
READERS = [(objects, CompiledReader(objects)) for objects in (THINGS, STRANGE)]


@cache
def generated() -> list[Json]:
    """Events of all stories in all versions."""
    return [
        event
        for number, version in enumerate(API_VERSIONS)
        for story in histories(number, 60, api_versions=[version])
        for event in story.events
    ]


@cache
def recorded() -> list[Json]:
    """Events of other projects, where they are at hand."""
    events: list[Json] = []
    for path in sorted(SAMPLES.rglob("*.json")) if SAMPLES.exists() else ():
        document = json.loads(path.read_text())
        listed = document.get("data") if isinstance(document, dict) else None
        events += [
            event
            for event in (listed if isinstance(listed, list) else [document])
            if isinstance(event, dict) and "data" in event
        ]
    return events


def recorded_event(type: str, body: bytes) -> RecordedEvent:
    """An event of the log."""
    return RecordedEvent(
        1, "evt_1", None, type, "acct_1", False, None, 1, 1, "webhook", b"", body, len(body)
    )


def agree(type: str, body: bytes) -> list[bool]:
    """Compares both readings of an event; which readers had an answer."""
    answered, event = [], recorded_event(type, body)
    for objects, reader in READERS:
        observed = reader.observations(event)
        answered.append(observed is not None)
        if observed is not None:
            expected = once_each(generic(event, objects))
            assert not any(observation.error for observation in expected)
            assert canonical(once_each(observed)) == canonical(expected)
    images_agree(body)
    return answered


def canonical(observed: list[Observation]) -> str:
    """All that is told, in a text that tells 1 from True and 1.0."""
    return json.dumps(
        [
            [_plain(getattr(observation, name)) for name in observation.__struct_fields__]
            for observation in observed
        ],
        default=lambda value: value.decode(errors="replace"),
    )


def _plain(value: Any) -> Any:
    return dict(sorted(value.items())) if isinstance(value, dict) else value


def images_agree(body: bytes) -> bool:
    """Compares the before-image and the after-image with the generic ones."""
    result = attributes(body)
    if result is None:
        return False
    data = decode(body)["data"]
    previous = data.get("previous_attributes")
    before = {**data["object"], **(previous if isinstance(previous, dict) else {})}
    for image, snapshot in zip(result, (data["object"], before), strict=True):
        plain = {k: v for k, v in snapshot.items() if not isinstance(v, dict | list)}
        observed = {k: v for k, v in image.items() if is_scalar(v)}
        assert repr(sorted(observed.items())) == repr(sorted(plain.items()))
        assert image.keys() == snapshot.keys()
    return True


def places(node: Any) -> Iterator[tuple[Any, Any]]:
    """Every container inside a JSON value with every key of it."""
    keys = node if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
    for key in list(keys):
        yield node, key
        yield from places(node[key])


GONE = object()
ODD: list[Any] = [
    GONE, None, True, False, 0, 1, -1, 1.0, 1.5, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**64,
    10**400, "", "x", "a\x00b", "\ud800", "\U0001f600é", "ÉUR", "İ" * 400, "x" * 500, "x" * 501,
    "x" * 256, "in_1", "cs_1", "ch_1", "paid", "succeeded", "charge", "refund", "a b\n", [], [None],
    {}, ["x"], ["x", "x"], [1], [[]], [{}], [{"id": "x"}], [{"id": None}], [{"id": {"id": "x"}}],
    {"id": "ch_2"}, {"id": "ch_2", "object": "charge"}, {"id": None}, {"id": 5}, {"id": "x" * 501},
    {"data": [{"id": "ch_3", "object": "charge"}, {"id": "re_1"}, {"id": 1, "object": "refund"}]},
    {"data": [{"id": "re_3", "refunds": {"data": ["re_4", {"id": "re_5"}]}}, None, "x"]},
    {"a": "x", "b": None}, {"a\x00": "x"}, {"a": 1, "b": [2**70]}, {"object": "source"},
    {"object": "card", "type": 3}, {"paid_at": 5, "void_at": None, "x": {}}, float("inf"),
]  # fmt: skip


@st.composite
def spoilt(draw: st.DrawFn, events: list[Json]) -> tuple[str, bytes]:
    """An event with anything at some places, and its type."""
    event = copy.deepcopy(draw(st.sampled_from(events)))
    for _ in range(draw(st.integers(1, 3))):
        result = [*places(event["data"]), (event, "object"), (event, "data")]
        inside, key = result[draw(st.integers(0, len(result) - 1))]
        value = draw(st.sampled_from(ODD))
        if value is not GONE:
            inside[key] = copy.deepcopy(value)
        elif isinstance(inside, dict):
            inside.pop(key, None)
        else:
            del inside[key]
        if not isinstance(event.get("data"), dict | list):
            break
    return str(event.get("type")), json.dumps(event, ensure_ascii=draw(st.booleans())).encode(
        errors="surrogatepass"
    )


def stored(body: bytes) -> bool:
    """Whether the log takes it as an event: UTF-8, and JSON in it."""
    try:
        json.loads(body.decode())
    except ValueError:
        return False
    return True


@settings(max_examples=500, deadline=None)
@given(spoilt(generated()))
def test_spoilt_events_of_the_generator_are_told_alike_or_not_at_all(
    spoilt: tuple[str, bytes],
) -> None:
    """Whatever stands in an event, a list from the fast reading equals the generic one."""
    if stored(spoilt[1]):
        agree(*spoilt)


@pytest.mark.skipif(not recorded(), reason="the sample events are not at hand")
@settings(max_examples=300, deadline=None)
@given(st.data())
def test_spoilt_samples_are_told_alike_or_not_at_all(data: st.DataObject) -> None:
    """The same of events of other projects, as old and as odd as they are."""
    type, body = data.draw(spoilt(recorded()))
    if stored(body):
        agree(type, body)


def test_unspoilt_events_are_told_alike_and_nearly_all_the_fast_way() -> None:
    """Of the generator's events of every version at least 98 of 100 are read the fast way."""
    slow, all = Counter[str](), Counter[str]()
    for event in generated():
        all[event["api_version"]] += 1
        body = json.dumps(event, indent=2).encode()
        slow[event["api_version"]] += not (agree(event["type"], body)[0] and images_agree(body))
    assert {version: n for version, n in slow.items() if n > 0.02 * all[version]} == {}


def test_samples_are_told_alike() -> None:
    """Events of other projects, unspoilt, are told alike."""
    for event in recorded():
        agree(str(event.get("type")), json.dumps(event).encode())


def test_a_repeated_key_counts_as_its_last() -> None:
    """A key that a body holds twice is read as every reading reads it: the last counts."""
    for event in islice(generated(), 0, None, 50):
        body = json.dumps(event)
        for key in ("amount", "id", "object", "data", "metadata", "customer", "status"):
            for value in ("null", '"x"', "7", '{"id": "x"}', "[]"):
                twice = body.replace(f'"{key}": ', f'"{key}": {value}, "{key}": ')
                agree(event["type"], twice.encode())


@settings(max_examples=300, deadline=None)
@given(spoilt([event for event in generated() if event["data"]["object"]["object"] in STRANGE]))
def test_strange_declarations_are_read_alike(spoilt: tuple[str, bytes]) -> None:
    """Whatever a declaration asks for, the fast reading knows it or leaves it."""
    if stored(spoilt[1]):
        agree(*spoilt)
        agree("charge.updated", spoilt[1])


def test_a_type_may_turn_to_another_object() -> None:
    """The object of an event is what its body says, whatever events of its type were about."""
    events = list(islice(generated(), 0, 400, 7))
    for event in events:
        agree("any", json.dumps(event).encode())
    file = {"object": "event", "data": {"object": {"object": "file", "id": "file_1"}}}
    for _ in range(2):
        assert READERS[0][1].observations(recorded_event("any", json.dumps(file).encode())) == []
