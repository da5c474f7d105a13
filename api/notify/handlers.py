"""Handlers: the functions in Python that LEDGER_HANDLERS names, and what they are handed."""

from __future__ import annotations

import difflib
import importlib
import inspect
import json
import os
import sys
import traceback
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api.notify.errors import SubscriberRefused
from api.notify.types import check_types
from ledger import ConfigurationError
from projections import Cause

__all__ = ["Handler", "HandlersRefused", "Notification", "check_handlers", "load_handlers"]

_SETTING = "LEDGER_HANDLERS"
_NAME = "HANDLERS"
_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class HandlersRefused(ConfigurationError):
    """The handlers' module cannot be used; the text is one line that says why."""

    def __init__(self, module: str, reason: str) -> None:
        self.reason = " ".join(reason.split())
        super().__init__(f"{_SETTING}={module}: {self.reason}")


@dataclass(frozen=True, slots=True)
class Notification:
    """What a handler is handed: the same as the body of a webhook has, and the same on every try.

    ``type`` like ``order.paid`` became true of ``object``, the row as it was known at ``position``
    of the log (None where it is in no table), for the ``ordinal``-th time, from 1 on, with the
    event ``cause``, whose time is ``timestamp``. ``late``: newer events of the row were known by
    then; ``holds``: it was still true of it. ``id`` is unlike that of any other notification.
    """

    id: str
    type: str
    timestamp: datetime
    position: int
    ordinal: int
    late: bool
    holds: bool
    cause: Cause
    object: Mapping[str, Any] | None

    @classmethod
    def of(cls, body: bytes) -> Notification:
        """The notification of a webhook's body."""
        message = json.loads(body)
        data = message["data"]
        return cls(
            id=data["id"],
            type=message["type"],
            timestamp=datetime.fromisoformat(message["timestamp"]),
            position=data["position"],
            ordinal=data["ordinal"],
            late=data["late"],
            holds=data["holds"],
            cause=Cause(**data["cause"]),
            object=data["object"],
        )


@dataclass(frozen=True, slots=True)
class Handler:
    """A function of the module; with a second parameter it takes a database connection."""

    function: Callable[..., object]
    takes_connection: bool


def load_handlers(module: str) -> Mapping[str, Handler]:
    """The handlers of a module, which is imported, by their patterns of types.

    Raises ``HandlersRefused``. Only processes of handlers do this: what else a shop's module does
    when it is imported, or leaves running, is no matter of the ledger's other processes.
    """
    declared = getattr(_import(module), _NAME, None)
    if not isinstance(declared, Mapping):
        what = "has no" if declared is None else f"has a {type(declared).__name__} as its"
        example = f'{_NAME} = {{"order.paid": fulfil}}'
        raise HandlersRefused(module, f"{what} {_NAME}; it must be a dict like {example}")
    return {
        _checked_pattern(module, pattern): _handler(module, pattern, function)
        for pattern, function in declared.items()
    }


def check_handlers(module: str, patterns: Collection[str], types: Collection[str]) -> None:
    """Raise ``HandlersRefused`` where a pattern stands for none of the declared types."""
    if not patterns:
        raise HandlersRefused(module, f"{_NAME} is empty")
    for pattern in patterns:
        try:
            check_types([pattern], types)
        except SubscriberRefused as error:
            raise HandlersRefused(module, f"{_NAME}[{pattern!r}]: {error}") from error


def _import(module: str) -> Any:
    directory = os.getcwd()
    # Behind all others: a file here must not stand in for a module of the ledger or of Python.
    if directory not in sys.path:
        sys.path.append(directory)
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise HandlersRefused(module, f"cannot be imported: {_explain(error)}") from error
        where = f"it is looked for where Python's packages are and in {directory}"
        raise HandlersRefused(
            module, f"cannot be imported: {error}{_near(error.name)}; {where}"
        ) from error
    except BaseException as error:
        raise HandlersRefused(module, f"cannot be imported: {_explain(error)}") from error


def _explain(error: BaseException) -> str:
    """The error, and where in the shop's code it was raised."""
    reason = f"{type(error).__name__}: {error}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not frame.filename.startswith("<frozen importlib")]
    if isinstance(error, SyntaxError) or len(own) < 2:
        return reason  # a syntax error says where by itself
    return f"{reason} ({own[-1].filename}, line {own[-1].lineno})"


def _near(name: str) -> str:
    """Files in the working directory whose names are like a module's that is not there."""
    names = {entry.removesuffix(".py") for entry in os.listdir() if entry.isprintable()}
    near = difflib.get_close_matches(name.partition(".")[0], sorted(names), n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def _checked_pattern(module: str, pattern: object) -> str:
    if not isinstance(pattern, str):
        raise HandlersRefused(
            module, f"the keys of {_NAME} are types like 'order.paid', {pattern!r} is none"
        )
    return pattern


def _handler(module: str, pattern: str, function: object) -> Handler:
    def refuse(reason: str) -> HandlersRefused:
        return HandlersRefused(module, f"{_NAME}[{pattern!r}] {reason}")

    if not callable(function):
        raise refuse(f"is no function but {function!r}")
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        raise refuse("is async or a generator: called, it would do nothing; use a plain function")
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:
        return Handler(function, takes_connection=False)  # written in C
    positional = [each for each in parameters if each.kind in _POSITIONAL]
    takes_connection = len(positional) > 1
    needed = [each for each in parameters if each.default is each.empty]
    handed = positional[:2]
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    missing = [each.name for each in needed if each not in handed and each.kind not in kinds]
    takes_any = any(each.kind is inspect.Parameter.VAR_POSITIONAL for each in parameters)
    if missing or not (positional or takes_any):
        raise refuse("must take a notification, and after it at most a connection")
    return Handler(function, takes_connection)
