"""The OpenAPI document and the docs page say what is, and the application does what they say."""

from __future__ import annotations

import re
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from hypothesis.strategies import SearchStrategy
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.problems import ALL
from projections import KINDS
from tests.api.test_lists import charge
from tests.api.wire import FULL_KEY, Wire, event

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_does_as_described(shared: Wire, mode: GenerationMode) -> None:
    """Whatever is asked, well or badly, the answer is among the declared ones."""
    shared.tell(charge(1), charge(2, customer="cus_1"), event(type="toaster.burnt"))
    shared.deliver(b"\xff")
    document = schemathesis.openapi.from_wsgi("/openapi.json", shared.app)
    for found in document.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        try:
            cases = operation.as_strategy(generation_mode=mode)
            _ask(cases)
        except Unsatisfiable:  # a route without parameters cannot be asked badly
            assert mode is GenerationMode.NEGATIVE and not operation.query


def _ask(cases: SearchStrategy[schemathesis.Case[Any]]) -> None:
    @settings(max_examples=5, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(cases)
    def ask(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(headers={"Authorization": f"Bearer {FULL_KEY}"}, checks=CHECKS)

    ask()


def test_known_rows_are_as_described(shared: Wire) -> None:
    """Answers with real rows in them are as the document says, too."""
    shared.tell(charge(3))
    document = schemathesis.openapi.from_wsgi("/openapi.json", shared.app)
    for path, values in [
        ("/v1/orders", {}),
        ("/v1/orders/{id}", {"id": "ch_3"}),
        ("/v1/orders/{id}/timeline", {"id": "ch_3"}),
        ("/v1/events", {}),
        ("/v1/summary", {}),
        ("/v1/projections", {}),
    ]:
        case = document[path]["GET"].Case(path_parameters=values)
        answer = case.call(headers={"Authorization": f"Bearer {FULL_KEY}"})

        assert answer.status_code == 200
        case.validate_response(answer, checks=CHECKS)


def test_every_route_is_described(shared: Wire) -> None:
    """No route is missing in the document, and none is in it that is not there."""
    document = shared.client.get("/openapi.json").get_json()
    rules = {re.sub(r"<\w+:(\w+)>", r"{\1}", rule.rule) for rule in shared.app.url_map.iter_rules()}

    assert document["openapi"] == "3.1.0"
    assert set(document["paths"]) == rules


def test_every_field_is_described(shared: Wire) -> None:
    """Each kind's schema has each declared field, with its meaning."""
    schemas = shared.client.get("/openapi.json").get_json()["components"]["schemas"]
    for kind in KINDS.values():
        properties = schemas[kind.object.capitalize()]["properties"]
        for column in kind.columns:
            assert properties[column.name]["description"]


def test_docs_page(shared: Wire) -> None:
    """The page shows every route, field and problem, and needs no other host."""
    answer = shared.client.get("/docs")
    paths = shared.client.get("/openapi.json").get_json()["paths"]

    page = answer.text
    assert answer.content_type == "text/html; charset=utf-8"
    assert all(f" {path}</code>" in page for path in paths)
    assert all(f"<code>{field.name}</code>" in page for k in KINDS.values() for field in k.columns)
    assert all(f'id="problem-{problem.name}"' in page for problem in ALL)
    assert not re.search(r"(src|href)=\"?(https?:)?//|url\(|<script|@import", page)


def test_problem_types_lead_to_the_docs(shared: Wire) -> None:
    """The type of a problem is a place in the docs page."""
    uri = shared.client.get("/v1/orders").get_json()["type"]

    path, _, fragment = uri.partition("#")
    assert f'id="{fragment}"' in shared.client.get(path).text
