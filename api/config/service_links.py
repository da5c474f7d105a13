"""Variables that Kubernetes sets for services, which look like the ledger's own settings.

For a service named `ledger` every pod of its namespace gets `LEDGER_PORT=tcp://10.0.0.1:8000`,
`LEDGER_SERVICE_HOST` and others; for one named `ledger-metrics`, `LEDGER_METRICS_PORT` and so on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ["service_links"]

_NAME = re.compile(
    r"LEDGER_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)",
    re.ASCII,
)
_PORT = re.compile(r"LEDGER_(\w+_)?PORT", re.ASCII)
_ADDRESS = re.compile(r"(tcp|udp|sctp)://")


def service_links(environ: Mapping[str, str]) -> list[str]:
    """The names of such variables."""
    return sorted(
        name
        for name, text in environ.items()
        if _NAME.fullmatch(name) or (_PORT.fullmatch(name) and _ADDRESS.match(text))
    )
