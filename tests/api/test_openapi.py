"""The OpenAPI document and the docs page are complete, and the application behaves as they say."""

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
from tests.api.client import FULL_KEY, ApiClient
from tests.api.deliveries import charge, event

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_does_as_described(shared: ApiClient, mode: GenerationMode) -> None:
    """Every response to valid and to invalid requests is one that the document declares."""
    shared.store(charge(1), charge(2, customer="cus_1"), event(type="toaster.burnt"))
    shared.deliver(b"\xff")
    document = schemathesis.openapi.from_wsgi("/openapi.json", shared.app)
    for result in document.get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()
        try:
            cases = operation.as_strategy(generation_mode=mode)
            _request(cases)
        except Unsatisfiable:  # a route without parameters has no invalid request
            assert mode is GenerationMode.NEGATIVE and not operation.query


def _request(cases: SearchStrategy[schemathesis.Case[Any]]) -> None:
    @settings(max_examples=3, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(cases)
    def request(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(headers={"Authorization": f"Bearer {FULL_KEY}"}, checks=CHECKS)

    request()


def test_known_rows_are_as_described(shared: ApiClient) -> None:
    """Responses that contain rows are as the document declares them, too."""
    shared.store(charge(3, customer="cus_3"))
    document = schemathesis.openapi.from_wsgi("/openapi.json", shared.app)
    for path, values in [
        ("/v1/orders", {}),
        ("/v1/orders/{id}", {"id": "ch_3"}),
        ("/v1/orders/{id}/timeline", {"id": "ch_3"}),
        ("/v1/customers/{id}/orders", {"id": "cus_3"}),
        ("/v1/events", {}),
        ("/v1/summary", {}),
        ("/v1/projections", {}),
    ]:
        case = document[path]["GET"].Case(path_parameters=values)
        response = case.call(headers={"Authorization": f"Bearer {FULL_KEY}"})

        assert response.status_code == 200
        case.validate_response(response, checks=CHECKS)


def test_every_route_is_described(shared: ApiClient) -> None:
    """The document has every route but the console's pages, and no other."""
    document = shared.http.get("/openapi.json").get_json()
    rules = {
        re.sub(r"<\w+:(\w+)>", r"{\1}", rule.rule)
        for rule in shared.app.url_map.iter_rules()
        if not rule.endpoint.startswith("console.")
    }

    assert document["openapi"] == "3.1.0"
    assert set(document["paths"]) == rules


def test_every_field_is_described(shared: ApiClient) -> None:
    """Each kind's schema has every declared field, with its meaning."""
    schemas = shared.http.get("/openapi.json").get_json()["components"]["schemas"]
    for kind in KINDS.values():
        properties = schemas[kind.object.title().replace("_", "")]["properties"]
        for column in kind.columns:
            assert properties[column.name]["description"]


def test_docs_page(shared: ApiClient) -> None:
    """The page shows every route, field and problem, and loads nothing from elsewhere."""
    response = shared.http.get("/docs")
    paths = shared.http.get("/openapi.json").get_json()["paths"]

    page = response.text
    assert response.content_type == "text/html; charset=utf-8"
    assert all(f" {path}</code>" in page for path in paths)
    assert all(f"<code>{field.name}</code>" in page for k in KINDS.values() for field in k.columns)
    assert all(f'id="problem-{problem.name}"' in page for problem in ALL)
    assert not re.search(r"(src|href)=\"?(https?:)?//|url\(|<script|@import", page)


def test_problem_types_lead_to_the_docs(shared: ApiClient) -> None:
    """The type of a problem is a link to its place in the docs page."""
    uri = shared.http.get("/v1/orders").get_json()["type"]

    path, _, fragment = uri.partition("#")
    assert f'id="{fragment}"' in shared.http.get(path).text
