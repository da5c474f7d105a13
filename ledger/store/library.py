"""Loads the library without the setting that it reads from the environment when it is imported."""

from __future__ import annotations

import os
from importlib import import_module

__all__: list[str] = []


def _load() -> None:
    # The name of a class to import: with any other text, no command of ours would start.
    topic = os.environ.pop("TZINFO_TOPIC", None)
    try:
        import_module("eventsourcing.domain")
    finally:
        if topic is not None:
            os.environ["TZINFO_TOPIC"] = topic


_load()
