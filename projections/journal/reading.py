"""What the journal reads, and the version of its rules: what a stored journal is a journal of."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from projections.journal.objects import OBJECTS
from projections.journal.rule import Rule
from projections.journal.rules import RULES
from projections.objects.declaration import StripeObject
from projections.rows.fingerprint import describe
from projections.rows.kind import FOLD_VERSION

__all__ = ["JOURNAL", "RULES_VERSION", "JournalReading"]

# Raised with every change of what a rule posts: every report names it, and a new one builds a new
# journal beside the old.
RULES_VERSION = 1


@dataclass(frozen=True, eq=False)
class JournalReading:
    """The objects that the journal reads, and its rules; what their links join is a component."""

    objects: Mapping[str, StripeObject]
    rules: Mapping[str, Rule]
    version: int

    @property
    def referenced_reads(self) -> Mapping[str, tuple[str, ...]]:
        """Nothing is merely referred to: everything is read of every object."""
        return {}

    @cached_property
    def fingerprint(self) -> str:
        """12 hex digits that change with the objects read, the fold and the rules."""
        text = describe((self.version, FOLD_VERSION, self.objects, self.rules))
        return hashlib.sha256(text.encode()).hexdigest()[:12]


JOURNAL = JournalReading(OBJECTS, RULES, RULES_VERSION)
