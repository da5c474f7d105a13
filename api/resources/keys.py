"""``/v1/keys``: who has keys, without the keys."""

from __future__ import annotations

from typing import Any

from flask import Response

from api.backend import backend
from api.resources import parameters, schemas
from api.resources.representation import list_response, page_of
from api.resources.route import StrictBlueprint, route
from api.resources.schemas import ResponseSchema, computed, constant, integer, text


class KeySchema(ResponseSchema):
    """A key that `ledger keys create` made; its secret is known to nobody any more."""

    object = constant("api_key")
    id = text("The key's id.")
    name = text("What people call it.")
    scope = text("`read` or `full`.")
    status = computed(
        "string",
        lambda key: "active" if key.revoked_at is None else "revoked",
        "`active`, or `revoked` for good.",
    )
    created = integer("When it was made, Unix seconds.", attribute="created_at")
    revoked_at = integer("When it was revoked.", allow_none=True)
    last_used_at = integer("When it was last used, to a minute.", allow_none=True)


_KEY = KeySchema()


def blueprint() -> StrictBlueprint:
    """The route of the keys."""
    blueprint = StrictBlueprint(
        "keys",
        __name__,
        url_prefix="/v1/keys",
        description="The keys that `ledger keys` made; those of LEDGER_API_KEY are not listed.",
    )
    response = schemas.list_of(KeySchema)
    route(blueprint, "", query=parameters.paged({}), response=response)(list_keys)
    return blueprint


def list_keys(arguments: dict[str, Any]) -> Response:
    """List the keys, newest first."""
    position = backend().ledger.log.head().position
    keys = backend().keys.stored()[::-1]
    page, has_more = page_of(keys, lambda key: key.id, arguments)
    return list_response(_KEY.dump(page, many=True), has_more=has_more, position=position)
