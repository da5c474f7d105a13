"""What is wrong with variables, a line each: texts that cannot be read, names of nothing."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import cast

from environs import EnvValidationError

from api.config.variables import Environment
from ledger import ConfigurationError

__all__ = ["SettingsError", "invalid", "unknown"]


class SettingsError(ConfigurationError):
    """Some values are wrong; `problems` has a line for each, and its text lists them all."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(["wrong configuration:", *(f"  {p}" for p in self.problems)]))


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
