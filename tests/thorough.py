"""How often what is left to chance is tried: many times under the profile for thoroughness."""

from __future__ import annotations

import os

__all__ = ["KILLS"]

# `HYPOTHESIS_PROFILE=thorough scripts/test` kills each process twenty times per database.
KILLS = 20 if os.environ.get("HYPOTHESIS_PROFILE") == "thorough" else 4
