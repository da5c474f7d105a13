"""What is wrong with variables, a line each: texts that cannot be read, names of nothing."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import cast

from environs import EnvValidationError

from api.config.variables import Environment

__all__ = ["invalid", "unknown"]


def invalid(env: Environment, options: Mapping[str, str]) -> list[str]:
    """A line for each variable whose text the environment could not parse."""
    try:
        env.seal()
    except EnvValidationError as error:
        messages = cast("Mapping[str, list[str]]", error.error_messages)
        return [f"{options.get(name, name)}: {' '.join(texts)}" for name, texts in messages.items()]
    return []


def unknown(name: str, prefix: str, names: Iterable[str]) -> str:
    """The problem with a variable that begins as ours do; most are one of `names`, misspelt."""
    known = [each.removeprefix(prefix) for each in names if each.startswith(prefix)]
    near = difflib.get_close_matches(name.removeprefix(prefix), known, n=1)
    hint = f"did you mean {prefix}{near[0]}?" if near else "ledger serve --help lists them"
    return f"{name} is no variable of the ledger; {hint}"
