"""Stands between an append's statements and their driver, so that a test can act at one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from sqlalchemy.orm import Session

from ledger.store import recorder
from ledger.store.statements import Statements, statements

__all__ = ["between"]

Act = Callable[[str], object]


def _nothing(_: str) -> None:
    return


class _Raw:
    """A driver's connection whose statements go one at a time."""

    def __init__(self, raw: Any, before: Act, after: Act) -> None:
        self._raw, self._before, self._after = raw, before, after

    def execute(self, statement: str, *arguments: Any, **options: Any) -> Any:
        return self._done(self._raw.execute, statement, *arguments, **options)

    def executemany(self, statement: str, *arguments: Any) -> Any:
        return self._done(self._raw.executemany, statement, *arguments)

    def pipeline(self) -> AbstractContextManager[None]:
        return nullcontext()

    def _done(self, call: Any, statement: str, *arguments: Any, **options: Any) -> Any:
        self._before(statement)
        result = call(statement, *arguments, **options)
        self._after(statement)
        return result


@contextmanager
def between(*, before: Act = _nothing, after: Act = _nothing) -> Iterator[None]:
    """Calls ``before`` and ``after`` each statement of an append, with its text."""

    @contextmanager
    def spied(session: Session) -> Iterator[tuple[Statements, Any]]:
        with statements(session) as (each, raw):
            yield each, _Raw(raw, before, after)

    setattr(recorder, "statements", spied)  # noqa: B010
    try:
        yield
    finally:
        setattr(recorder, "statements", statements)  # noqa: B010
