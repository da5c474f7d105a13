"""Parameters as Stripe's clients encode them: `created[gte]=1`, `types[0]=charge.updated`."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

__all__ = ["decode"]


def decode(text: str) -> dict[str, Any]:
    """The parameters of a query or a form, nested as their names say."""
    params: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        first, *rest = re.findall(r"[^\[\]]+", name)
        keys = [first, *(rest or ([str(len(params.get(first, {})))] if "[]" in name else []))]
        place = params
        for key in keys[:-1]:
            place = place.setdefault(key, {})
        place[keys[-1]] = value
    return params
