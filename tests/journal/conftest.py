"""Fixtures of the journal's tests: stores to keep logs in."""

from __future__ import annotations

from tests.projections.conftest import opened

__all__ = ["opened"]
