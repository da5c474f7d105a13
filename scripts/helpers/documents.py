"""The documents that follow from declarations: docs/upcasting.md, and the tables of README.md.

A table of README.md stands between `<!-- NAME: written by scripts/docs -->` and `<!-- end -->`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from api.config.settings import VARIABLES
from projections import KINDS, Kind
from scripts.helpers import upcasting

__all__ = ["DOCUMENTS"]

_ROOT = Path(__file__).parents[2]
_TABLE = re.compile(r"(<!-- ([a-z]+): written by scripts/docs -->\n)(.*?)(<!-- end -->)", re.S)


def _settings() -> Iterator[str]:
    yield "| variable | default | meaning |"
    yield "|---|---|---|"
    for variable in VARIABLES:
        default = f"`{variable.default}`" if variable.default else ""
        yield f"| `{variable.name}` | {default} | {variable.about} |"


def _kinds() -> Iterator[str]:
    yield "| kind | what its rows are | events it reads |"
    yield "|---|---|---|"
    for kind in KINDS.values():
        patterns = ", ".join(f"`{pattern}`" for pattern in _event_types(kind))
        yield f"| `{kind.name}` | {kind.about} | {patterns} |"


def _event_types(kind: Kind) -> list[str]:
    """The events of a kind's objects; `charge.dispute.*` is left out beside `charge.*`."""
    patterns = [each for declared in kind.objects.values() for each in declared.event_types]
    return [
        pattern
        for pattern in dict.fromkeys(patterns)
        if not any(_includes(other, pattern) for other in patterns if other != pattern)
    ]


def _includes(pattern: str, other: str) -> bool:
    return pattern.endswith(".*") and other.startswith(pattern.removesuffix("*"))


_TABLES: Mapping[str, Callable[[], Iterator[str]]] = {"settings": _settings, "kinds": _kinds}


def _readme() -> str:
    def table(match: re.Match[str]) -> str:
        rows = "\n".join(_TABLES[match[2]]())
        return f"{match[1]}\n{rows}\n\n{match[4]}"

    return _TABLE.sub(table, (_ROOT / "README.md").read_text("utf-8"))


DOCUMENTS: Mapping[Path, Callable[[], str]] = {
    _ROOT / "README.md": _readme,
    _ROOT / "docs" / "upcasting.md": upcasting.page,
}
"""Each document, and the function that gives its text."""


def main() -> None:
    """Writes the documents anew."""
    for path, text in DOCUMENTS.items():
        path.write_text(text(), "utf-8")


if __name__ == "__main__":
    main()
