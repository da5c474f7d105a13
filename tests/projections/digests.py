"""What histories fold to, as one digest for each of their kinds: a refactoring changes none.

`scripts/digests` writes `digests.json` anew, where a change of rows is meant.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path

from api.simulator import API_VERSIONS, STORIES, story
from projections import KINDS
from projections.rows.project import project
from tests.projections.histories import Json, entries

FILE = Path(__file__).with_name("digests.json")
SHARED = Path(__file__).parents[3] / "shared"


def sources() -> Iterator[tuple[str, list[Json]]]:
    """Every history at hand, by a name: the simulator's, and those of the shared folder."""
    for version in API_VERSIONS:
        yield (
            f"simulator {version}",
            _numbered(
                event
                for index, name in enumerate(sorted(STORIES))
                for event in story(name, seed=1, index=index, api_version=version).events
            ),
        )
    for folder in ("recorded", "shapes", "sequences"):
        paths = sorted((SHARED / "stripe" / folder).rglob("*.json"))
        if paths:
            yield folder, _numbered(event for path in paths for event in _listed(path))
    for path in sorted((SHARED / "field").glob("*.json")):
        yield path.stem, json.loads(path.read_text("utf-8"))["events"]


def digests(events: Iterable[Json]) -> dict[str, str]:
    """For each kind the number of rows of a history, and the SHA-256 of all that is in them."""
    log = entries(events)
    digests_by_name = {}
    for name, kind in KINDS.items():
        rows = [projected.row for projected in project(kind, log) if projected.row is not None]
        texts = sorted(json.dumps(row, sort_keys=True) for row in rows)
        digest = sha256("\n".join(texts).encode()).hexdigest()[:16]
        digests_by_name[name] = f"{len(rows)} {digest}"
    return digests_by_name


def _numbered(events: Iterable[Json]) -> list[Json]:
    # Ids repeat between recorded files.
    return [{**event, "id": f"evt_{number}"} for number, event in enumerate(events)]


def _listed(path: Path) -> list[Json]:
    document = json.loads(path.read_text("utf-8"))
    # Stripe lists the newest first.
    return document["data"][::-1] if document.get("object") == "list" else [document]


def main() -> None:
    """Writes the file anew; needs the shared folder, for all sources have to be in it."""
    fingerprints = {name: kind.fingerprint for name, kind in KINDS.items()}
    digests_by_name = {name: digests(events) for name, events in sources()}
    document = {"fingerprints": fingerprints, "digests": digests_by_name}
    FILE.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", "utf-8")


if __name__ == "__main__":
    main()
