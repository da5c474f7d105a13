"""Wraps the driver under an append's statements, so that a test can act at one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.orm import Session

from ledger.store import recorder
from ledger.store.statements import Statements, statements

__all__ = ["between"]

Act = Callable[[str], object]


def _nothing(_: str) -> None:
    return


class _Raw:
    """A driver's connection, or libpq's below psycopg's, whose statements are observed."""

    def __init__(self, raw: Any, before: Act, after: Act) -> None:
        self._raw, self._before, self._after = raw, before, after

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._raw, name)
        if name == "pgconn":
            return _Raw(attribute, self._before, self._after)
        return self._observed(attribute) if name in _EXECUTING else attribute

    def _observed(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def observed(statement: str | bytes, *arguments: Any) -> Any:
            text = statement if isinstance(statement, str) else statement.decode()
            self._before(text)
            result = call(statement, *arguments)
            self._after(text)
            return result

        return observed


_EXECUTING = ("execute", "exec_", "exec_params")


@contextmanager
def between(*, before: Act = _nothing, after: Act = _nothing) -> Iterator[None]:
    """Call ``before`` and ``after`` around each statement of an append, with its text."""

    @contextmanager
    def observed(session: Session) -> Iterator[tuple[Statements, Any]]:
        with statements(session) as (database, raw):
            yield database, _Raw(raw, before, after)

    setattr(recorder, "statements", observed)  # noqa: B010
    try:
        yield
    finally:
        setattr(recorder, "statements", statements)  # noqa: B010
