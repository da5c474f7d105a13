"""Products: what is sold, at one price or at several."""

from __future__ import annotations

from projections.objects.declaration import StripeObject
from projections.objects.deletion import DELETED, deletion
from projections.objects.paths import at
from projections.objects.types import Type
from projections.rows.kind import Field, Kind, reads_of

__all__ = ["KIND", "PRODUCT"]

_FIELDS = (
    Field("name", Type.TEXT, "The name that customers see.", at("name")),
    Field("active", Type.BOOLEAN, "Whether it can be bought.", at("active")),
    Field("description", Type.TEXT, "The description that customers see.", at("description")),
    Field("default_price", Type.ID, "The price it has by default.", at("default_price")),
    Field("deleted", Type.BOOLEAN, "Whether it was deleted.", at("deleted")),
)

PRODUCT = StripeObject(
    "product",
    event_types=("product.*",),
    reads=reads_of(*_FIELDS),
    terminal=frozenset({DELETED}),
    type_order=("created", "updated", "deleted"),
    from_event_type=deletion,
)

KIND = Kind(
    name="products",
    object="product",
    about="What is sold.",
    members=(PRODUCT,),
    search=("name",),
    fields=_FIELDS,
)
