"""The documents that follow from declarations: docs/upcasting.md, and the tables of others.

A table of another document stands between `<!-- NAME: written by scripts/docs -->`
and `<!-- end -->`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path

from api.config.settings import VARIABLES
from projections import KINDS, Field, Kind, notification_types
from projections.journal.accounts import ACCOUNTS
from projections.journal.export.formats import FORMATS
from scripts.helpers import accounting, upcasting

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


def _personal() -> Iterator[str]:
    yield "| kind | personal fields |"
    yield "|---|---|"
    for kind in KINDS.values():
        if names := _personal_fields(kind.fields):
            yield f"| `{kind.name}` | {', '.join(f'`{name}`' for name in names)} |"


def _personal_fields(fields: Iterable[Field], prefix: str = "") -> list[str]:
    names = []
    for field in fields:
        if field.personal:
            names.append(f"{prefix}{field.name}")
        names += _personal_fields(field.items or (), f"{prefix}{field.name}.")
    return names


def _conditions() -> Iterator[str]:
    yield "| type | what became true |"
    yield "|---|---|"
    for type_, condition in notification_types().items():
        yield f"| `{type_}` | {condition.about} |"


def _accounts() -> Iterator[str]:
    yield "| account | type | what stands on it |"
    yield "|---|---|---|"
    for name, type_, about in ACCOUNTS:
        yield f"| `{name}` | {type_} | {about} |"


def _formats() -> Iterator[str]:
    yield "| `--format` | what it is |"
    yield "|---|---|"
    for name, form in FORMATS.items():
        yield f"| `{name}` | {form.about}{'; a directory' if form.is_split else ''} |"


_TABLES: Mapping[str, Callable[[], Iterator[str]]] = {
    "settings": _settings, "kinds": _kinds, "personal": _personal, "conditions": _conditions,
    "accounts": _accounts, "formats": _formats, "rules": accounting.rules,
}  # fmt: skip


def _with_tables(path: Path) -> str:
    def table(match: re.Match[str]) -> str:
        rows = "\n".join(_TABLES[match[2]]())
        return f"{match[1]}\n{rows}\n\n{match[4]}"

    return _TABLE.sub(table, path.read_text("utf-8"))


_README, _DOCS = _ROOT / "README.md", _ROOT / "docs"

DOCUMENTS: Mapping[Path, Callable[[], str]] = {
    _README: partial(_with_tables, _README),
    _DOCS / "upcasting.md": upcasting.page,
    **{
        _DOCS / name: partial(_with_tables, _DOCS / name)
        for name in ("operations.md", "notifications.md", "accounting.md")
    },
}
"""Each document, and the function that gives its text."""


def main() -> None:
    """Writes the documents anew."""
    for path, text in DOCUMENTS.items():
        path.write_text(text(), "utf-8")


if __name__ == "__main__":
    main()
