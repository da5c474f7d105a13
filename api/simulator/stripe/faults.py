"""What goes wrong at our own Stripe on purpose: refusals, errors, silence, lost answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Fault", "Faults"]


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to requests whose path begins with `path`.

    `rate_limited` and `error` are answered, `silence` is no answer for `seconds`, `lost` carries
    the request out and closes the connection without an answer.
    """

    kind: Literal["rate_limited", "error", "silence", "lost"]
    path: str = "/"
    seconds: int | None = 1
    """Of `rate_limited` what Retry-After says (None: no such header), of `silence` how long."""


class Faults:
    """The faults to come, in turn; each happens once."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, fault: Fault, times: int = 1) -> None:
        """Let the next requests meet a fault."""
        self._waiting += [fault] * times

    def take(self, path: str) -> Fault | None:
        """The fault that this request meets, if any."""
        for index, fault in enumerate(self._waiting):
            if path.startswith(fault.path):
                return self._waiting.pop(index)
        return None
